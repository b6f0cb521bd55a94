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
        /// When each layer was last printed.
        var printed: [Digest: Int] = [:]
    }

    /// Milliseconds between two drawings, or two objects about the same step of a layer: more often nobody can read,
    /// and the bytes come in pieces of a few thousand.
    private static let interval = 100

    init(_ form: ProgressForm) {
        self.form = form
        isTerminal = form == .auto && Standard.errorCanBeDrawnOn
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
            // A layer that an image has twice ends twice.
            if row.isEnded { return }
            let isOtherStep = row.update(word, done, total, now: now, isEnd: isEnd)
            state.rows[digest] = row
            switch form {
            case .json where isOtherStep || isEnd || now - state.printed[digest, default: 0] >= Self.interval:
                state.printed[digest] = now
                printJSON(row)
            case .plain: if isOtherStep { Standard.printError("\(row.name): \(row.word)\n") }
            case .auto where !isTerminal: if isOtherStep { Standard.printError("\(row.name): \(row.word)\n") }
            case .auto where isEnd || now - state.lastDrawn >= Self.interval:
                state.lastDrawn = now
                draw(&state)
            case .auto, .json, .none: break
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
            text += "\u{1b}[2K" + state.rows[digest]!.line(columns - 1) + "\n"
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
        if isEnded { return false }
        if self.word == "Downloading" && word == "Extracting" && self.done < self.total { return false }
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

    /// Characters of the shortest bar that says anything, and of the longest.
    private static let barWidths = 5...30
    /// Characters of what stands behind it, mostly: kept free, so that its end stays where it is while numbers change.
    private static let usualNumbers = " 99.9MB/99.9MB 99.9MB/s 9999s".count

    /// `a1b2c3d4e5f6: Downloading [=====>    ] 12.3MB/45.6MB 10.2MB/s 3s`
    /// - Parameter width: its most characters. The bar gives way to the numbers.
    func line(_ width: Int) -> String {
        let head = "\(name): \(word)"
        guard !isEnded, total > 0, done > 0 else { return head.shortened(to: width) }
        let numbers = self.numbers
        let room = width - head.count - " []".count - max(numbers.count, Self.usualNumbers)
        let bar =
            room < Self.barWidths.lowerBound ? "" : " [\(bar(min(room, Self.barWidths.upperBound)))]"
        return (head + bar + numbers).shortened(to: width)
    }

    private func bar(_ width: Int) -> String {
        let filled = Int(min(done, total) * Int64(width) / total)
        return String(repeating: "=", count: filled) + (filled < width ? ">" : "")
            + String(repeating: " ", count: max(0, width - filled - 1))
    }

    private var numbers: String {
        var text = " \(HumanUnits.decimalSize(done))/\(HumanUnits.decimalSize(total))"
        let milliseconds = Int64(now - began.milliseconds)
        let bytes = done - began.done
        if milliseconds > 500, bytes > 0 {
            text += " \(HumanUnits.decimalSize(bytes * 1000 / milliseconds))/s"
            text += " \((total - done) * milliseconds / bytes / 1000)s"
        }
        return text
    }
}
