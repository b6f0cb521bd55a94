import Foundation
import ImageStore
import LinuxKernel
import Testing

/// What `rootfs-fixtures/make` makes.
enum Fixtures {
    /// The folder, with the images and the bad archives in it. Made when it is missing, once for the process.
    static let folder: String = {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let make = Process()
        make.executableURL = URL(fileURLWithPath: repository + "/rootfs-fixtures/make")
        make.arguments = ["busybox", "images", "bad"]
        make.standardOutput = FileHandle.nullDevice
        do {
            try make.run()
        } catch {
            fatalError("rootfs-fixtures/make: \(error)")
        }
        make.waitUntilExit()
        precondition(make.terminationStatus == 0, "rootfs-fixtures/make failed")
        return repository + "/.fixtures"
    }()

    static func archive(_ name: String) -> String { "\(folder)/archive/\(name).tar" }

    /// Names of images whose unpacked tree is written down.
    static var trees: [String] {
        names(in: folder + "/expected").filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }
    }

    static func names(in path: String) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? []
    }
}

/// A store in a folder of its own. Whoever makes one removes it: `defer { temporary.remove() }`.
final class TemporaryStore: Sendable {
    let root: String
    let folder: String

    init() throws {
        var template = Array("/tmp/swiftlet-images-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw KernelError("make folder", "/tmp") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        root = folder + "/images"
    }

    func remove() {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Issue.record("remove \(folder): \(error)")
        }
    }

    func open(limits: ImportLimits = ImportLimits()) throws -> ImageStore {
        try ImageStore(root: root, limits: limits)
    }

    /// A folder beside the store.
    func makeFolder(_ name: String) throws -> String {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Everything that is in the store besides its empty folders and its database.
    var leftovers: [String] {
        ["blobs/sha256", "blobs/sha512", "snapshots", "ingest", "trash"].flatMap { folder in
            Fixtures.names(in: root + "/" + folder).map { folder + "/" + $0 }
        }
    }
}

/// Runs a program and returns what it printed; records an issue when it fails.
@discardableResult
func run(_ program: String, _ arguments: [String], input: FileHandle? = nil) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    if let input { process.standardInput = input }
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(program) \(arguments.joined(separator: " ")): \(text)")
    return text
}

func isInstalled(_ program: String) -> Bool {
    ["/usr/bin/", "/usr/local/bin/", "/bin/", "/usr/sbin/"].contains { access($0 + program, X_OK) == 0 }
}

/// The text of the error that `body` throws.
func message(of body: () throws -> some Any) -> String? {
    do {
        _ = try body()
        return nil
    } catch {
        return "\(error)"
    }
}
