import Glibc
import NIOSSL
import Synchronization

/// What settings come to, read once and again when one of their files has changed: certificates are renewed while a
/// daemon runs, and the HTTP library never lets go of the memory of what was read anew without need.
final class TLSConfigurations: Sendable {
    private let roots: String?
    private let known = Mutex<[TLSSettings: Known]>([:])

    private struct Known {
        let files: [FileState?]
        let configuration: TLSConfiguration
    }

    /// What differs when a file was written anew or replaced.
    private struct FileState: Equatable {
        let number: UInt
        let size: Int
        let modified: Int
        let nanoseconds: Int

        /// Nil when there is none.
        init?(_ path: String) {
            var status = stat()
            if stat(path, &status) != 0 { return nil }
            number = UInt(status.st_ino)
            size = status.st_size
            modified = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    /// - Parameter roots: a bundle instead of the system's.
    init(roots: String?) {
        self.roots = roots
    }

    /// - Throws: `RegistryError` (`.configuration`) for a file that cannot be read.
    func configuration(_ settings: TLSSettings) throws -> TLSConfiguration {
        try known.withLock { known in
            // Looked at first: what changes in between is read once more.
            let files = settings.files.map { FileState($0) }
            if let old = known[settings], old.files == files { return old.configuration }
            let made = try settings.configuration(roots: roots)
            known[settings] = Known(files: files, configuration: made)
            return made
        }
    }
}
