// swiftlet-oci: the OCI runtime with runc's command line, exit codes and formats.
import CLinux
import ContainerRuntime
import Glibc
import LinuxKernel

StandardDescriptors.fill()

// A heap that is given back to the kernel is asked for again a moment later.
mallopt(M_TRIM_THRESHOLD, 64 << 20)

// Nothing inside a container may look into this process or its memory, which a container's first process
// shares for a while (ptrace(2), /proc/PID/mem).
_ = clinux_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)

let invocation: Invocation
do {
    invocation = try Invocation(Arguments.ofProgram())
} catch {
    printError("swiftlet-oci: \(error)")
    exit(1)
}
exit(invocation.run())
