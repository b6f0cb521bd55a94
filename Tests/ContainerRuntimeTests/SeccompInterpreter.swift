import CLinux

/// What the kernel gives to a filter, `struct seccomp_data`.
struct FilterInput {
    var number: UInt32
    var architecture: UInt32
    var arguments: [UInt64] = [0, 0, 0, 0, 0, 0]

    fileprivate func word(at offset: UInt32) -> UInt32 {
        switch offset {
        case 0: return number
        case 4: return architecture
        case 8, 12: return 0
        default:
            let argument = arguments[Int(offset - 16) / 8]
            return UInt32(truncatingIfNeeded: offset % 8 == 0 ? argument : argument >> 32)
        }
    }
}

/// Runs classic BPF as seccomp does.
enum FilterInterpreter {
    /// - Returns: nil for an instruction that the interpreter does not know, or one outside of the program.
    static func run(_ program: [sock_filter], _ input: FilterInput) -> UInt32? {
        var position = 0
        var accumulator: UInt32 = 0
        while position < program.count {
            let instruction = program[position]
            position += 1
            let constant = instruction.k
            var condition: Bool?
            switch Int32(instruction.code) {
            case BPF_LD | BPF_W | BPF_ABS: accumulator = input.word(at: constant)
            case BPF_ALU | BPF_AND | BPF_K: accumulator &= constant
            case BPF_JMP | BPF_JA: position += Int(constant)
            case BPF_JMP | BPF_JEQ | BPF_K: condition = accumulator == constant
            case BPF_JMP | BPF_JGT | BPF_K: condition = accumulator > constant
            case BPF_JMP | BPF_JGE | BPF_K: condition = accumulator >= constant
            case BPF_JMP | BPF_JSET | BPF_K: condition = accumulator & constant != 0
            case BPF_RET | BPF_K: return constant
            default: return nil
            }
            if let condition { position += Int(condition ? instruction.jt : instruction.jf) }
        }
        return nil
    }
}
