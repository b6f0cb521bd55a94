import Glibc
import LinuxKernel

/// How a container is checkpointed or restored: runc's options, which both commands share.
public struct CheckpointOptions: Sendable {
    /// How criu treats the control groups that the images know (criu(8), `--manage-cgroups`). The numbers are
    /// those of `criu_cg_mode`.
    public enum CgroupsMode: Int32, Sendable {
        case ignore = 0
        case soft = 3
        case full = 4
        case strict = 5
        /// criu's own choice: soft.
        case standard = 6
    }

    public struct PageServer: Sendable {
        public var address: String
        public var port: Int32

        public init(address: String, port: Int32) {
            self.address = address
            self.port = port
        }
    }

    /// The folder of the images.
    public var imagePath: String
    /// For criu's log and other files; the images' folder without it.
    public var workPath: String?
    /// Images of an earlier pre-dump, relative to `imagePath`: pages that did not change since are not written.
    public var parentPath: String?
    public var leaveRunning = false
    /// Writes memory only and lets the container go on.
    public var preDump = false
    public var tcpEstablished = false
    public var tcpSkipInFlight = false
    public var linkRemap = false
    public var externalUnixSockets = false
    public var shellJob = false
    public var fileLocks = false
    public var autoDeduplicate = false
    public var lazyPages = false
    /// An open descriptor that gets a zero byte, and is closed, when lazy pages can be fetched.
    public var statusDescriptor: Int32?
    public var pageServer: PageServer?
    public var cgroupsMode = CgroupsMode.standard
    public var securityProfile: String?
    public var securityMountContext: String?
    /// The program: a path, or a name that is in `PATH`.
    public var program = "criu"
    /// How many seconds criu may say nothing before it is ended; 0: as long as it likes. It says nothing while it
    /// writes or reads memory.
    public var patience = 600

    public init(imagePath: String) {
        self.imagePath = imagePath
    }
}

extension CheckpointOptions {
    /// What a dump and a restore have in common.
    func criuOptions(logFile: String, configurationFile: String?) -> CriuOptions {
        var options = CriuOptions()
        options.set(.imagesFolder, CriuProcess.imagesNumber)
        options.set(.workFolder, CriuProcess.workNumber)
        options.set(.logLevel, 4)
        options.set(.logFile, logFile)
        options.set(.notifyScripts, true)
        options.set(.manageCgroups, true)
        options.set(.cgroupsMode, cgroupsMode.rawValue)
        // Network devices are those of whoever made them, who makes them anew: criu restores none.
        options.set(.emptyNamespaces, Int32(truncatingIfNeeded: NamespaceKind.network.flag))
        // A container's terminal has its other end outside.
        options.set(.orphanTerminalMaster, true)
        options.set(.tcpEstablished, tcpEstablished)
        options.set(.externalUnixSockets, externalUnixSockets)
        options.set(.shellJob, shellJob)
        options.set(.fileLocks, fileLocks)
        options.set(.autoDeduplicate, autoDeduplicate)
        options.set(.lazyPages, lazyPages)
        if let configurationFile { options.set(.configurationFile, configurationFile) }
        if let pageServer { options.setPageServer(address: pageServer.address, port: pageServer.port) }
        return options
    }

    /// Opens the folder for criu's log, and removes the one of an earlier attempt from it: that must not explain
    /// a failure of this one.
    func openWorkFolder(
        images: borrowing FileDescriptor, logFile: String
    ) throws(KernelError) -> FileDescriptor {
        let folder = if let workPath { try Self.makeFolder(workPath) } else { try images.duplicate() }
        unlinkat(folder.raw, logFile, 0)
        return folder
    }

    /// Where images and log are.
    var folders: (images: String, work: String) { (imagePath, workPath ?? imagePath) }

    /// Opens a folder, which is made with those above it.
    static func makeFolder(_ path: String) throws(KernelError) -> FileDescriptor {
        var walked = path.utf8.first == UInt8(ascii: "/") ? "" : "."
        for component in path.split(separator: "/") {
            walked += "/" + component
            // An image holds all memory of a container, keys and passwords among it.
            if mkdir(walked, 0o700) != 0, Errno.current != .exists { throw KernelError("mkdir", walked) }
        }
        return try .open(path, O_RDONLY | O_DIRECTORY)
    }

    /// - Throws: when this kernel and criu lack the feature.
    func require(_ feature: CriuFeature) throws {
        let criu = try CriuProcess(program: program, patience: patience, .init())
        let answer = try criu.carryOut(CriuRequest(check: feature))
        guard answer.features.contains(feature.rawValue) else {
            throw RuntimeError("this kernel or its criu cannot \(feature.name)")
        }
    }
}

/// What criu wrote about a failure.
enum CriuLog {
    /// criu's words on why it failed: the first of its error lines, from which the others follow, and where
    /// the rest is. All of them go to the log.
    static func explain(
        _ failure: any Error, folder: borrowing FileDescriptor, path: String, file: String, log: Log
    ) -> RuntimeError {
        guard failure is CriuFailure else { return RuntimeError("\(failure)") }
        let errors = errorLines(folder, file)
        for line in errors { log.debug("\(file): \(line)") }
        guard let first = errors.first else { return RuntimeError("\(failure) (see \(path)/\(file))") }
        return RuntimeError("criu failed: \(first) (see \(path)/\(file))")
    }

    private static func errorLines(_ folder: borrowing FileDescriptor, _ file: String) -> [String] {
        guard let bytes = try? folder.openAt(file, O_RDONLY | O_NOFOLLOW).readToEnd() else { return [] }
        let marker = Array("Error (".utf8)
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            // `(00.846392) Error (criu/cr-dump.c:1635): …`, or with the process's number in between.
            line.indices.first { line[$0...].starts(with: marker) }.map {
                String(decoding: line[$0...], as: UTF8.self)
            }
        }
    }
}
