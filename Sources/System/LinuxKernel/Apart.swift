import CLinux
import Glibc

/// Runs `body` in a process of its own that shares this program's memory and descriptors, while the calling thread
/// sleeps (clone(2) with CLONE_VM, CLONE_VFORK and CLONE_FILES). What `body` does to its working folder and to the
/// namespaces ends with it: no other thread sees it, and nothing of it is left when this program is killed.
///
/// - Parameter namespaces: CLONE_NEW… flags; the process has those to itself.
/// - Throws: what `body` throws; what clone(2) answers.
func runApart<Result>(
    namespaces: UInt64 = 0, _ body: () throws(KernelError) -> Result
) throws(KernelError) -> Result {
    var result: Swift.Result<Result, KernelError>?
    let code = withoutActuallyEscaping(body) { body -> Int32 in
        let run = ApartBody {
            do throws(KernelError) { result = .success(try body()) } catch { result = .failure(error) }
        }
        return clinux_run_apart(
            namespaces,
            {
                Unmanaged<ApartBody>.fromOpaque($0!).takeUnretainedValue().run()
                return 0
            }, Unmanaged.passUnretained(run).toOpaque())
    }
    guard code == 0, let result else { throw KernelError("clone", "process beside this one") }
    return try result.get()
}

private final class ApartBody {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
}
