import CLinux
import Glibc

/// The last system calls of a process before it becomes the container's program, prepared here and carried
/// out by the trampoline (CLinux/trampoline.c), whose image is a sealed file in memory.
///
/// Each call belongs to a step, so that a failure comes back as "what was tried" and errno.
public struct ExecPlan {
    public struct Options: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let ignoreError = Options(rawValue: CLINUX_PLAN_IGNORE_ERROR)
        public static let tolerateNotPermitted = Options(rawValue: CLINUX_PLAN_TOLERATE_EPERM)
        /// A result of 0 ends the plan with its failure status, unreported: nobody is at the other end of a
        /// read any more.
        public static let zeroEnds = Options(rawValue: CLINUX_PLAN_ZERO_ENDS)
        public static let programArguments = Options(rawValue: CLINUX_PLAN_ARG_ARGV)
        /// The first argument is the result of the call before: a descriptor that the plan itself opened.
        public static let resultOfCallBefore = Options(rawValue: CLINUX_PLAN_ARG_RESULT)
    }

    /// One argument of a call: a number, or bytes that the plan carries along.
    public enum Argument {
        case number(Int)
        case offset(Int)
    }

    /// `clinux_plan_call` after `clinux_plan_call`, as the trampoline sees them.
    private var calls: [UInt8] = []
    private var data: [UInt8] = []
    /// First byte of a failure's message.
    public static let failureWord = UInt8(ascii: "X")

    /// Reads a failure's message: what was tried, and what the kernel answered.
    public static func failure(_ message: ArraySlice<UInt8>) -> (step: String, errno: Errno)? {
        guard message.count >= 8, message.first == failureWord else { return nil }
        let errno = message.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4, as: Int32.self) }
        return (String(decoding: message.dropFirst(8), as: UTF8.self), Errno(rawValue: errno))
    }

    public init() {
        calls.reserveCapacity(64 * MemoryLayout<clinux_plan_call>.stride)
    }

    /// Puts bytes into the plan.
    public mutating func place(_ bytes: UnsafeRawBufferPointer) -> Argument {
        while data.count % 8 != 0 { data.append(0) }
        let offset = data.count
        data.append(contentsOf: bytes)
        return .offset(offset)
    }

    /// Puts a C string into the plan.
    public mutating func place(_ text: String) -> Argument {
        let offset = data.count
        data.append(contentsOf: text.utf8)
        data.append(0)
        return .offset(offset)
    }

    /// The place of one that lies `bytes` behind another.
    public static func behind(_ argument: Argument, bytes: Int) -> Argument {
        guard case .offset(let offset) = argument else { return argument }
        return .offset(offset + bytes)
    }

    /// Lets the trampoline turn the eight bytes at `place`, an offset into the plan's data, into an address:
    /// for structures that hold a pointer (struct sock_fprog).
    public mutating func relocatePointer(at place: Argument) {
        append("relocate", Int(CLINUX_PLAN_RELOCATE), [place])
    }

    /// What to write at such a place so that it comes to point at `target`, which was placed before.
    public func pointerValue(of target: Argument) -> Int64 {
        guard case .offset(let offset) = target else { return 0 }
        return Int64(offset)
    }

    /// Failures of the calls from here on go to this descriptor.
    public mutating func reportTo(_ descriptor: Int32) {
        append("report", Int(CLINUX_PLAN_REPORT), [.number(Int(descriptor))])
    }

    /// Maps a page of a file, and closes that; failures of the calls from here on are left there, too, which takes no
    /// call.
    public mutating func leaveFailures(in file: Int32) {
        append(
            "map failure file", Int(SYS_mmap),
            [
                .number(0), .number(4096), .number(Int(PROT_READ | PROT_WRITE)), .number(Int(MAP_SHARED)),
                .number(Int(file)), .number(0),
            ])
        append("leave failures", Int(CLINUX_PLAN_LEAVE), [])
        append("close failure file", Int(SYS_close), [.number(Int(file))])
    }

    /// Adds one call; `step` is what a failure of it is reported as.
    public mutating func append(
        _ step: String, _ number: Int, _ arguments: [Argument], _ options: Options = []
    ) {
        var call = clinux_plan_call()
        call.number = UInt32(number)
        call.flags = options.rawValue
        var message = clinux_plan_failure()
        message.word = UInt32(Self.failureWord)
        let text = Array(step.utf8)
        if case .offset(let offset) = withUnsafeBytes(of: message, { place($0) }) {
            call.failure = UInt32(offset)
            call.failure_length = UInt32(8 + text.count)
            data += text
        }
        withUnsafeMutableBytes(of: &call.argument) { raw in
            let slots = raw.bindMemory(to: Int64.self)
            for (index, argument) in arguments.enumerated() {
                switch argument {
                case .number(let value): slots[index] = Int64(value)
                case .offset(let offset):
                    slots[index] = Int64(offset)
                    call.relocate |= 1 << UInt32(index)
                }
            }
        }
        withUnsafeBytes(of: call) { calls.append(contentsOf: $0) }
    }

    /// Writes the plan into a memory file that the trampoline maps.
    /// - Parameters:
    ///   - report: the descriptor that gets a failure first.
    ///   - failureStatus: the exit status after a failure.
    public func write(report: Int32, failureStatus: Int32) throws(KernelError) -> FileDescriptor {
        let headerSize = MemoryLayout<clinux_plan_header>.size
        let dataStart = headerSize + calls.count
        let count = calls.count / MemoryLayout<clinux_plan_call>.stride
        var header = clinux_plan_header()
        header.magic = CLINUX_PLAN_MAGIC
        header.calls = UInt32(count)
        header.size = UInt32(dataStart + data.count)
        header.report = report
        header.failure_status = failureStatus

        var image = [UInt8]()
        image.reserveCapacity(dataStart + data.count)
        withUnsafeBytes(of: header) { image.append(contentsOf: $0) }
        image.append(contentsOf: calls)
        image.withUnsafeMutableBytes { image in
            for index in 0..<count {
                let offset = headerSize + index * MemoryLayout<clinux_plan_call>.stride
                var call = image.load(fromByteOffset: offset, as: clinux_plan_call.self)
                Self.move(&call, by: dataStart)
                image.storeBytes(of: call, toByteOffset: offset, as: clinux_plan_call.self)
            }
        }
        image.append(contentsOf: data)
        let file = try FileDescriptor.memoryFile("plan")
        try file.writeAll(image)
        return file
    }

    /// Offsets into the plan's data become offsets into its file.
    private static func move(_ call: inout clinux_plan_call, by dataStart: Int) {
        call.failure += UInt32(dataStart)
        if call.number == CLINUX_PLAN_RELOCATE { call.argument.1 = Int64(dataStart) }
        let relocate = call.relocate
        withUnsafeMutableBytes(of: &call.argument) { raw in
            let slots = raw.bindMemory(to: Int64.self)
            for index in 0..<6 where relocate & (1 << UInt32(index)) != 0 {
                slots[index] += Int64(dataStart)
            }
        }
    }

    /// The sealed memory file that holds the trampoline program.
    public static func trampoline() throws(KernelError) -> FileDescriptor {
        var size = 0
        guard let image = clinux_trampoline(&size) else {
            throw KernelError("build trampoline", "image is larger than its buffer", .noMemory)
        }
        let file = try FileDescriptor.memoryFile("swiftlet-trampoline")
        try file.writeAll(UnsafeRawBufferPointer(start: image, count: size))
        let seals = Int(F_SEAL_SEAL_ | F_SEAL_SHRINK_ | F_SEAL_GROW_ | F_SEAL_WRITE_)
        _ = try check("seal", "trampoline") { clinux_fcntl(file.raw, F_ADD_SEALS_, seals) }
        return file
    }
}

// fcntl(2)'s sealing constants are behind _GNU_SOURCE in a header that the module map does not export.
private let F_ADD_SEALS_: Int32 = 1033
private let F_SEAL_SEAL_: Int32 = 1
private let F_SEAL_SHRINK_: Int32 = 2
private let F_SEAL_GROW_: Int32 = 4
private let F_SEAL_WRITE_: Int32 = 8
