import Glibc
import LinuxKernel

/// An image that umoci(1) makes once for all tests: an OCI layout among the fixtures.
struct MadeImage {
    private let made: Result<String, KernelError>

    /// - Parameters:
    ///   - name: another one for another script: what is there is not made again.
    ///   - script: for bash(1), in a folder of its own; fills the layout `image`, in which `v1` has no layer yet.
    init(_ name: String, script: String) {
        let root = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        let folder = "\(root)/.fixtures/oci/\(name)"
        made = Result { () throws(KernelError) in
            do {
                if access(folder + "/index.json", F_OK) != 0 { try Self.make(folder, script) }
            } catch {
                throw error as? KernelError ?? KernelError("make image", "\(error)", .ioError)
            }
            return folder
        }
    }

    /// The layout's folder.
    func layout() throws -> String { try made.get() }

    private static func make(_ folder: String, _ script: String) throws {
        let work = folder + ".\(getpid())"
        let all = """
            set -e; rm -rf \(work); mkdir -p \(work); cd \(work)
            umoci init --layout image && umoci new --image image:v1
            \(script)
            rm -rf \(folder) && mv image \(folder) && rm -rf \(work)
            """
        try LocalRegistry.run("/bin/bash", "-c", all)
    }
}
