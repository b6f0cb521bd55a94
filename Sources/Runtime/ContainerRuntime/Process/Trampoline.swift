import CLinux
import Glibc
import LinuxKernel
import OCISpec

extension LaunchPlan {
    /// Becomes the trampoline, which carries out the plan.
    /// - Parameters:
    ///   - environment: of the container's program.
    ///   - folder: to enter as the process's user; nil: this process is there already.
    /// - Returns: only when the trampoline could not be executed, why.
    func execute(
        program: String, environment: [String], label: LabelWrite?, folder: String?
    ) throws -> any Error {
        let plan = try make(program: program, label: label, folder: folder)
        let image = try ExecPlan.trampoline()
        let file = try plan.write(report: socket, failureStatus: 1)
        // Above the descriptors that the program gets: they keep their numbers.
        let planCopy = try file.duplicate(atLeast: 3 + preservedDescriptors)
        // What the caller left open ends with this exec, not only with the program's: a container that waits
        // for its start holds nothing of the host.
        _ = try check("close_range") {
            clinux_close_range(UInt32(3 + preservedDescriptors), UInt32.max, 1 << 2)
        }
        let optional = (label.map { [$0.proc] } ?? []) + (failures >= 0 ? [failures] : [])
        for descriptor in [planCopy.raw, socket, start, result] + optional {
            _ = try check("fcntl F_SETFD", "\(descriptor)") { clinux_fcntl(descriptor, F_SETFD, 0) }
        }
        _ = withCStrings(["swiftlet-oci init"] + process.args) { argv in
            withCStrings(environment + ["\(planCopy.raw)"]) { envp in
                clinux_syscall(
                    Int(SYS_execveat), Int(image.raw), Int(bitPattern: Self.emptyPath), Int(bitPattern: argv),
                    Int(bitPattern: envp), Int(AT_EMPTY_PATH), 0)
            }
        }
        let errno = Errno.current
        // What is too long are the program's arguments and environment, which the kernel copies here first.
        if errno == .argumentListTooLong { return Self.failure(step: "exec \(program)", errno) }
        return KernelError("exec", "trampoline", errno)
    }

    private static var emptyPath: UnsafePointer<CChar> {
        // A C string with nothing in it; static text ends in a NUL.
        UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// What a failed step of the plan means to the user.
    static func failure(step: String, _ errno: Errno) -> RuntimeError {
        guard step.hasPrefix("exec ") else { return RuntimeError("\(step): \(errno)") }
        let kind: RuntimeError.Kind =
            errno == .noEntry || errno == .notDirectory ? .programNotFound : .programNotExecutable
        return RuntimeError("\(step): \(errno)", kind: kind)
    }
}
