import ArgumentParser
import ContainerCLI
import Glibc
import ImageStore
import LinuxKernel
import OCISpec
import Synchronization

/// How a transfer shows how far it is (`--progress`).
enum ProgressForm: String, ExpressibleByArgument, Sendable {
    /// A display on a terminal, lines elsewhere.
    case auto
    /// A line for each step of a layer.
    case plain
    /// An object a line, on standard output.
    case json
    case none
}

/// Shows on standard error how far each layer is: on a terminal in place, with speed and time left.
final class TransferDisplay: Sendable {
    private let form: ProgressForm
    private let isTerminal: Bool
    private let state = Mutex(State())

    private struct State: Sendable {
        var layers: [Digest] = []
        var rows: [Digest: TransferRow] = [:]
        /// Rows of the terminal that are ours.
        var drawn = 0
        var lastDrawn = 0
    }

    /// Milliseconds between two drawings: more often nobody can read.
    private static let interval = 100

    init(_ form: ProgressForm) {
        self.form = form
        isTerminal = form == .auto && Standard.errorIsTerminal
    }

    func show(_ progress: ImportProgress) {
        switch progress {
        case .message(let text): say(text)
        case .layer(let digest, let phase, let done, let total):
            update(digest, Self.word(phase), done, total, isEnd: phase == .done || phase == .exists)
        }
    }

    func show(_ step: PushStep) {
        switch step {
        case .sending(let digest, let done, let total): update(digest, "Pushing", done, total, isEnd: false)
        case .done(let digest, let how, let total):
            let word =
                switch how {
                case .exists: "Layer already exists"
                case .mounted: "Mounted from another repository"
                case .uploaded: "Pushed"
                }
            update(digest, word, total, total, isEnd: true)
        }
    }

    /// Shows the last state; what is printed next comes below.
    func finish() {
        guard isTerminal else { return }
        state.withLock { draw(&$0) }
    }

    private static func word(_ phase: LayerPhase) -> String {
        switch phase {
        case .waiting: "Waiting"
        case .downloading: "Downloading"
        case .unpacking: "Extracting"
        case .done: "Pull complete"
        case .exists: "Already exists"
        }
    }

    // MARK: Keeping

    private func update(_ digest: Digest, _ word: String, _ done: Int64, _ total: Int64, isEnd: Bool) {
        if form == .none { return }
        state.withLock { state in
            let now = monotonicMilliseconds()
            var row = state.rows[digest] ?? TransferRow(digest)
            if state.rows[digest] == nil { state.layers.append(digest) }
            let isOtherStep = row.update(word, done, total, now: now, isEnd: isEnd)
            state.rows[digest] = row
            switch form {
            case .json: printJSON(row)
            case .plain: if isOtherStep { Standard.printError("\(row.name): \(row.word)\n") }
            case .auto where !isTerminal: if isOtherStep { Standard.printError("\(row.name): \(row.word)\n") }
            case .auto where isEnd || now - state.lastDrawn >= Self.interval:
                state.lastDrawn = now
                draw(&state)
            case .auto, .none: break
            }
        }
    }

    private func say(_ text: String) {
        if form == .none { return }
        state.withLock { state in
            if state.drawn > 0 { Standard.printError("\u{1b}[\(state.drawn)A\u{1b}[J") }
            state.drawn = 0
            Standard.printError(text + "\n")
        }
    }

    // MARK: Showing

    private func draw(_ state: inout State) {
        let size = Standard.terminalSize
        let columns = max(20, size.map { Int($0.columns) } ?? 80)
        let rows = max(2, (size.map { Int($0.rows) } ?? 24) - 2)
        // Of more layers than rows those at work are shown.
        var shown = state.layers
        if shown.count > rows {
            shown = shown.filter { !state.rows[$0]!.isEnded }.prefix(rows).map { $0 }
        }
        var text = state.drawn > 0 ? "\u{1b}[\(state.drawn)A" : ""
        for digest in shown {
            text += "\u{1b}[2K" + state.rows[digest]!.line.shortened(to: columns - 1) + "\n"
        }
        text += "\u{1b}[J"
        state.drawn = shown.count
        Standard.printError(text)
    }

    private func printJSON(_ row: TransferRow) {
        var json = JSONWriter()
        json.object { json in
            json.member("layer", "\(row.digest)")
            json.member("status", row.word)
            json.member("done", row.done)
            json.member("total", row.total)
        }
        // A reader that is gone ends the transfer when its result is printed.
        try? Standard.print(String(decoding: json.bytes, as: UTF8.self) + "\n")
    }
}

/// What is known of one layer's transfer.
struct TransferRow: Sendable {
    let digest: Digest
    private(set) var word = ""
    private(set) var done: Int64 = 0
    private(set) var total: Int64 = 0
    private(set) var isEnded = false
    private var began: (milliseconds: Int, done: Int64) = (0, 0)
    private var now = 0

    init(_ digest: Digest) { self.digest = digest }

    var name: String { String(digest.hex.prefix(12)) }

    /// - Returns: whether another step began.
    mutating func update(_ word: String, _ done: Int64, _ total: Int64, now: Int, isEnd: Bool) -> Bool {
        // Unpacking runs behind the download; until all has come that is what the user waits for.
        if isEnded || (self.word == "Downloading" && word == "Extracting" && self.done < self.total) {
            return false
        }
        if self.word == "Extracting" && word == "Downloading" { return false }
        let isOther = word != self.word
        if isOther { began = (now, done) }
        self.word = word
        self.done = done
        self.total = total
        self.now = now
        isEnded = isEnd
        return isOther
    }

    /// `a1b2c3d4e5f6: Downloading [=====>    ] 12.3MB/45.6MB 10.2MB/s 3s`
    var line: String {
        guard !isEnded, total > 0, done > 0 else { return "\(name): \(word)" }
        let width = 30
        let filled = Int(min(done, total) * Int64(width) / total)
        let bar =
            String(repeating: "=", count: filled) + (filled < width ? ">" : "")
            + String(repeating: " ", count: max(0, width - filled - 1))
        var text =
            "\(name): \(word) [\(bar)] \(HumanUnits.decimalSize(done))/\(HumanUnits.decimalSize(total))"
        let milliseconds = Int64(now - began.milliseconds)
        let bytes = done - began.done
        if milliseconds > 500, bytes > 0 {
            text += " \(HumanUnits.decimalSize(bytes * 1000 / milliseconds))/s"
            text += " \((total - done) * milliseconds / bytes / 1000)s"
        }
        return text
    }
}
