import CLinux

/// What a filter comes to with a system call of a given number, as far as the number alone decides.
enum FilterOutcome: Equatable {
    /// It ends with this answer.
    case answer(UInt32)
    /// It goes on here with the call's arguments.
    case arguments(at: Int)
}

/// Numbers from `first` to before the next stretch, with one outcome.
struct FilterStretch: Equatable {
    var first: UInt32
    var outcome: FilterOutcome
}

/// Follows a filter program for all system calls at once.
///
/// Classic BPF only jumps forward, and a filter sees `struct seccomp_data`: number, architecture,
/// instruction pointer, arguments. The survey walks the program with a set of numbers, which every comparison
/// divides, until an answer or the load of something else than number and architecture. Where it meets an
/// instruction that it does not follow, the outcome is the last load before, at which nothing of what was
/// computed is in use any more; so it is right for every program, and complete for libseccomp's.
struct FilterSurvey {
    private let program: [sock_filter]
    private let architectures: [UInt32]

    /// - Parameter architectures: those that `stretches` is asked for.
    init(_ program: [sock_filter], architectures: [UInt32]) {
        precondition(program.first?.code == Opcode.load, "a filter begins with a load")
        self.program = program
        self.architectures = architectures
    }

    /// The outcome for all numbers, ascending from 0; neighbours differ.
    func stretches(of architecture: UInt32) -> [FilterStretch] {
        var found = [(range: NumberRange, outcome: FilterOutcome)]()
        walk(architecture: architecture) { found.append(($0, $1)) }
        found.sort { $0.range.first < $1.range.first }
        var stretches: [FilterStretch] = []
        for (range, outcome) in found where stretches.last?.outcome != outcome {
            stretches.append(FilterStretch(first: range.first, outcome: outcome))
        }
        return stretches
    }

    /// The outcome for every architecture that is not one of `architectures`.
    func outcomeElsewhere() -> FilterOutcome {
        var outcome = FilterOutcome.arguments(at: 0)
        walk(architecture: nil) { outcome = $1 }
        return outcome
    }

    // MARK: The walk

    private enum Accumulator { case architecture, number }

    /// A way through the program that is still to be followed.
    private struct Branch {
        var position: Int
        var lastLoad: Int
        var accumulator: Accumulator
        var numbers: NumberSet
    }

    private func walk(architecture: UInt32?, _ report: (NumberRange, FilterOutcome) -> Void) {
        var open = [Branch(position: 0, lastLoad: 0, accumulator: .number, numbers: .all)]
        while var branch = open.popLast() {
            var outcome: FilterOutcome?
            while outcome == nil, !branch.numbers.ranges.isEmpty {
                let instruction = program[branch.position]
                switch instruction.code {
                case Opcode.load where instruction.k == Opcode.numberOffset:
                    branch.accumulator = .number
                    branch.lastLoad = branch.position
                    branch.position += 1
                case Opcode.load where instruction.k == Opcode.architectureOffset:
                    branch.accumulator = .architecture
                    branch.lastLoad = branch.position
                    branch.position += 1
                case Opcode.load:
                    outcome = .arguments(at: branch.position)
                case Opcode.jump:
                    branch.position += 1 + Int(instruction.k)
                case Opcode.answer:
                    outcome = .answer(instruction.k)
                case Opcode.ifEqual, Opcode.ifGreater, Opcode.ifGreaterOrEqual:
                    guard let taken = divide(&branch, at: instruction, architecture) else {
                        outcome = .arguments(at: branch.lastLoad)
                        break
                    }
                    open.append(taken)
                    branch.position += 1 + Int(instruction.jf)
                default:
                    outcome = .arguments(at: branch.lastLoad)
                }
            }
            if let outcome {
                for range in branch.numbers.ranges { report(range, outcome) }
            }
        }
    }

    /// Takes the numbers for which a comparison holds out of `branch`; nil when that is not known.
    private func divide(
        _ branch: inout Branch, at comparison: sock_filter, _ architecture: UInt32?
    ) -> Branch? {
        let constant = comparison.k
        var taken = Branch(
            position: branch.position + 1 + Int(comparison.jt), lastLoad: branch.lastLoad,
            accumulator: branch.accumulator, numbers: .none)
        switch (branch.accumulator, architecture) {
        case (.architecture, let architecture?):
            let holds =
                switch comparison.code {
                case Opcode.ifEqual: architecture == constant
                case Opcode.ifGreater: architecture > constant
                default: architecture >= constant
                }
            if holds { swap(&taken.numbers, &branch.numbers) }
        case (.architecture, nil):
            guard comparison.code == Opcode.ifEqual, architectures.contains(constant) else { return nil }
        case (.number, .some):
            switch comparison.code {
            case Opcode.ifEqual: taken.numbers = branch.numbers.remove(constant...constant)
            case Opcode.ifGreater where constant == .max: break
            case Opcode.ifGreater: taken.numbers = branch.numbers.remove(constant + 1...UInt32.max)
            default: taken.numbers = branch.numbers.remove(constant...UInt32.max)
            }
        case (.number, nil):
            return nil
        }
        return taken
    }
}

/// System call numbers from `first` to `last`.
struct NumberRange {
    var first: UInt32
    var last: UInt32
}

/// Ascending ranges that do not touch.
private struct NumberSet {
    private(set) var ranges: [NumberRange]

    static let all = NumberSet(ranges: [NumberRange(first: 0, last: .max)])
    static let none = NumberSet(ranges: [])

    /// Removes what lies in `wanted`, and returns it.
    mutating func remove(_ wanted: ClosedRange<UInt32>) -> NumberSet {
        let start = firstIndex(endingAtOrAfter: wanted.lowerBound)
        var end = start
        while end < ranges.count, ranges[end].first <= wanted.upperBound { end += 1 }
        guard start < end else { return .none }
        var removed = Array(ranges[start..<end])
        var kept: [NumberRange] = []
        if removed[0].first < wanted.lowerBound {
            kept.append(NumberRange(first: removed[0].first, last: wanted.lowerBound - 1))
            removed[0].first = wanted.lowerBound
        }
        if let last = removed.last?.last, last > wanted.upperBound {
            kept.append(NumberRange(first: wanted.upperBound + 1, last: last))
            removed[removed.count - 1].last = wanted.upperBound
        }
        ranges.replaceSubrange(start..<end, with: kept)
        return NumberSet(ranges: removed)
    }

    private func firstIndex(endingAtOrAfter number: UInt32) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].last < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
