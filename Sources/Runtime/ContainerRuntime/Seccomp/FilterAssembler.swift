import CLinux

/// The instructions of classic BPF that filters are made of, linux/filter.h.
enum Opcode {
    /// Loads four bytes of `struct seccomp_data`.
    static var load: UInt16 { UInt16(BPF_LD | BPF_W | BPF_ABS) }
    static var jump: UInt16 { UInt16(BPF_JMP | BPF_JA) }
    static var ifEqual: UInt16 { UInt16(BPF_JMP | BPF_JEQ | BPF_K) }
    static var ifGreater: UInt16 { UInt16(BPF_JMP | BPF_JGT | BPF_K) }
    static var ifGreaterOrEqual: UInt16 { UInt16(BPF_JMP | BPF_JGE | BPF_K) }
    static var answer: UInt16 { UInt16(BPF_RET | BPF_K) }

    /// Places in `struct seccomp_data`.
    static var numberOffset: UInt32 { 0 }
    static var architectureOffset: UInt32 { 4 }

    static func isConditional(_ code: UInt16) -> Bool { code & 7 == UInt16(BPF_JMP) && code != jump }
    static func isReturn(_ code: UInt16) -> Bool { code & 7 == UInt16(BPF_RET) }
}

/// Writes a program from its end to its beginning: since jumps only go forward, every target exists before
/// the jump to it, and its distance is known.
struct FilterAssembler {
    /// A place in the program, counted from its end.
    struct Label: Equatable { fileprivate var index: Int }

    private var reversed: [sock_filter] = []
    /// The nearest return of each answer.
    private var answers: [(value: UInt32, label: Label)] = []

    /// The finished program.
    var program: [sock_filter] { reversed.reversed() }

    /// A place that returns `value`, near enough for a conditional jump.
    mutating func answer(_ value: UInt32) -> Label {
        if let known = answers.firstIndex(where: { $0.value == value }) {
            // Another return costs no more than a jump to one that is farther off.
            if distance(to: answers[known].label) > 250 { answers[known].label = appendAnswer(value) }
            return answers[known].label
        }
        let label = appendAnswer(value)
        answers.append((value, label))
        return label
    }

    /// Puts a load before everything so far.
    mutating func load(offset: UInt32) -> Label {
        append(sock_filter(code: Opcode.load, jt: 0, jf: 0, k: offset))
    }

    /// Puts a comparison before everything so far.
    mutating func branch(_ code: UInt16, _ constant: UInt32, then: Label, otherwise: Label) -> Label {
        var then = then
        var otherwise = otherwise
        // Conditional jumps reach 255 instructions. A jump put between for one target moves the other
        // target one farther off.
        if distance(to: then) > 254 { then = jump(to: then) }
        if distance(to: otherwise) > 254 { otherwise = jump(to: otherwise) }
        return append(
            sock_filter(
                code: code, jt: UInt8(distance(to: then)), jf: UInt8(distance(to: otherwise)), k: constant))
    }

    /// Makes `label` what comes next, when something is put before it that does not jump.
    mutating func fallThrough(to label: Label) {
        if distance(to: label) != 0 { _ = jump(to: label) }
    }

    /// Copies what of `source` is reached from the given places.
    /// - Returns: for each of the places its label.
    mutating func copy(_ source: [sock_filter], from entries: [Int]) -> [Int: Label] {
        var reached = [Bool](repeating: false, count: source.count)
        for entry in entries { reached[entry] = true }
        for position in source.indices where reached[position] {
            let instruction = source[position]
            if Opcode.isReturn(instruction.code) { continue }
            if instruction.code == Opcode.jump {
                reached[position + 1 + Int(instruction.k)] = true
            } else if Opcode.isConditional(instruction.code) {
                reached[position + 1 + Int(instruction.jt)] = true
                reached[position + 1 + Int(instruction.jf)] = true
            } else {
                reached[position + 1] = true
            }
        }
        var labels: [Int: Label] = [:]
        for position in source.indices.reversed() where reached[position] {
            var instruction = source[position]
            // What is left out lies between jump and target, so distances only become shorter.
            if instruction.code == Opcode.jump {
                instruction.k = UInt32(distance(to: labels[position + 1 + Int(instruction.k)]!))
            } else if Opcode.isConditional(instruction.code) {
                instruction.jt = UInt8(distance(to: labels[position + 1 + Int(instruction.jt)]!))
                instruction.jf = UInt8(distance(to: labels[position + 1 + Int(instruction.jf)]!))
            }
            labels[position] = append(instruction)
        }
        return labels
    }

    // MARK: Instructions

    private mutating func append(_ instruction: sock_filter) -> Label {
        reversed.append(instruction)
        return Label(index: reversed.count - 1)
    }

    private mutating func appendAnswer(_ value: UInt32) -> Label {
        append(sock_filter(code: Opcode.answer, jt: 0, jf: 0, k: value))
    }

    private mutating func jump(to label: Label) -> Label {
        append(sock_filter(code: Opcode.jump, jt: 0, jf: 0, k: UInt32(distance(to: label))))
    }

    /// From an instruction that is put before everything so far: 0 when the label comes next.
    private func distance(to label: Label) -> Int { reversed.count - 1 - label.index }
}
