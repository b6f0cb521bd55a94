import Glibc
import LinuxKernel
import Testing

/// An image (`v1`, and `v2` with one layer more) whose layers are large and do not compress, so that a pull takes a
/// while: an OCI layout, made once.
enum BigImage {
    /// Bytes of one layer.
    static let layerBytes = 6_000_000
    static let layers = 4

    private static let made: Result<String, KernelError> = Result { () throws(KernelError) in
        let root = String(#filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 })
        let folder = root + "/.fixtures/oci/big-v2"
        do {
            if access(folder + "/index.json", F_OK) != 0 { try make(folder) }
        } catch {
            throw error as? KernelError ?? KernelError("make image", "\(error)", .ioError)
        }
        return folder
    }

    /// The layout's folder.
    static func layout() throws -> String { try made.get() }

    /// umoci(1) makes it: each layer a file of pseudo-random bytes, and an ordinary folder.
    private static func make(_ folder: String) throws {
        let work = folder + ".\(getpid())"
        let script = """
            set -e
            rm -rf \(work) && mkdir -p \(work)
            umoci init --layout \(work)/image && umoci new --image \(work)/image:v1
            for n in $(seq \(layers)); do
                mkdir -p \(work)/layer/data/$n
                openssl enc -aes-128-ctr -K 0$n -iv 0 -nosalt -in /dev/zero 2> /dev/null \
                    | head -c \(layerBytes) > \(work)/layer/data/$n/file || true
                touch -d @1700000000 \(work)/layer/data/$n/file \(work)/layer/data/$n \(work)/layer/data
                umoci insert --image \(work)/image:v1 \(work)/layer/data/$n /data/$n
            done
            umoci tag --image \(work)/image:v1 v2
            openssl enc -aes-128-ctr -K 07 -iv 0 -nosalt -in /dev/zero 2> /dev/null \
                | head -c \(layerBytes) > \(work)/layer/more || true
            touch -d @1700000000 \(work)/layer/more
            umoci insert --image \(work)/image:v2 \(work)/layer/more /more
            rm -rf \(folder) && mv \(work)/image \(folder) && rm -rf \(work)
            """
        try LocalRegistry.run("/bin/bash", "-c", script)
    }
}
