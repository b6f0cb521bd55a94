import Foundation
import ImageStore
import LinuxKernel
import Synchronization
import Testing

/// Unpacked layers that somebody has changed since.
@Suite struct LayerVerificationTests {
    private static let layer = ImageBuilder.tar {
        $0.folder(".")
        $0.folder("etc")
        $0.file("etc/file", "content")
        $0.hardLink("etc/same", "etc/file")
        $0.file("etc/other")
        $0.symlink("link", "etc")
        $0.entry("fifo", type: "6")
    }

    /// Where the topmost layer is unpacked.
    private func folder(_ image: ImageRecord, _ store: ImageStore) throws -> String {
        try store.rootFilesystem(of: image).lowerDirectories[0]
    }

    /// Sets a file's time to that of all files in the layer.
    private static func setTime(_ path: String) {
        let times = [
            timespec(tv_sec: 1_700_000_000, tv_nsec: 0), timespec(tv_sec: 1_700_000_000, tv_nsec: 0),
        ]
        #expect(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) == 0)
    }

    private struct Change: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let make: @Sendable (_ folder: String) throws -> Void

        init(_ expected: String, _ make: @escaping @Sendable (_ folder: String) throws -> Void) {
            testDescription = expected
            self.make = make
        }
    }

    private static let changes = [
        Change("etc/file: other content") {
            try FileDescriptor.open($0 + "/etc/file", O_WRONLY).writeAll("CONTENT")
            setTime($0 + "/etc/file")
        },
        Change("etc/other: 2 bytes, not 1") {
            try FileDescriptor.open($0 + "/etc/other", O_WRONLY).writeAll("xx")
            setTime($0 + "/etc/other")
        },
        Change("etc/other: another time") {
            try FileDescriptor.open($0 + "/etc/other", O_WRONLY).writeAll("x")
        },
        Change("etc: mode 777, not 755") { #expect(chmod($0 + "/etc", 0o777) == 0) },
        Change("link: owner 7:0, not 0:0") { #expect(lchown($0 + "/link", 7, 0) == 0) },
        Change("/: other extended attributes") {
            try run("python3", ["-c", "import os, sys; os.setxattr(sys.argv[1], 'trusted.x', b'y')", $0])
        },
        Change("etc/extra: not of the layer") {
            #expect(symlink("x", $0 + "/etc/extra") == 0)
            setTime($0 + "/etc")
        },
        Change("fifo: missing") {
            #expect(unlink($0 + "/fifo") == 0)
            setTime($0)
        },
        Change("link: a folder, not a symbolic link") {
            #expect(unlink($0 + "/link") == 0 && mkdir($0 + "/link", 0o777) == 0)
            setTime($0)
        },
        Change("link: another target") {
            #expect(unlink($0 + "/link") == 0 && symlink("/", $0 + "/link") == 0)
            setTime($0 + "/link")
            setTime($0)
        },
        Change("etc/other: 2 names, not 1") { #expect(link($0 + "/etc/other", $0 + "-outside") == 0) },
        Change("etc/same: not the same file as etc/file") {
            for name in ["/etc/same", "/etc/file"] {
                #expect(unlink($0 + name) == 0)
                try FileDescriptor.open($0 + name, O_WRONLY | O_CREAT, mode: 0o644).writeAll("content")
                #expect(link($0 + name, $0 + "-outside" + name.suffix(4)) == 0)
                setTime($0 + name)
            }
            setTime($0 + "/etc")
        },
    ]

    @Test(arguments: changes)
    private func isFound(_ change: Change) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let image = try ImageBuilder.load([Self.layer], in: temporary)
        let store = try temporary.open()
        let folder = try folder(image, store)
        #expect(try store.verify(isDeep: true) == [])

        try change.make(folder)
        // Nobody sees it who only reads blobs.
        #expect(try store.verify() == [])
        let problems = try store.verify(isDeep: true)
        #expect(problems.count == 1)
        #expect(problems.first?.contains(change.testDescription) == true, "\(problems)")
        #expect(problems.first?.hasSuffix(" (of test/built:latest)") == true, "\(problems)")
        #expect(Fixtures.names(in: temporary.root + "/ingest") == [])
    }

    /// What a layer's archive leaves out it has from those below: that a layer differs may be their fault.
    @Test func aLayerOnAWrongOne() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let above = ImageBuilder.tar { $0.file("etc/new") }
        let image = try ImageBuilder.load([Self.layer, above, Self.layer], in: temporary)
        let store = try temporary.open()
        #expect(try store.verify(isDeep: true) == [])
        let below = try store.rootFilesystem(of: image).lowerDirectories[2]
        #expect(chmod(below + "/etc", 0o700) == 0)
        let problems = try store.verify(isDeep: true)
        #expect(problems.count == 2, "\(problems)")
        #expect(problems.first?.contains("holds: etc: mode 700, not 755 (of") == true, "\(problems)")
        #expect(
            problems.last?.contains("holds: etc: mode 755, not 700 (one below it is wrong, too) (of") == true,
            "\(problems)")
    }

    /// They are kept as long as they are looked at.
    @Test func layersOfAnImageThatIsRemovedMeanwhile() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        _ = try ImageBuilder.load([Self.layer], in: temporary)
        let store = try temporary.open()
        let isRemoved = Mutex(false)
        let watch: ProgressHandler = { _ in
            let isFirst = isRemoved.withLock { removed in
                defer { removed = true }
                return !removed
            }
            if !isFirst { return }
            do {
                _ = try store.remove("test/built")
            } catch {
                Issue.record(error)
            }
            #expect(Fixtures.names(in: temporary.root + "/snapshots") != [])
        }
        let problems = try store.verify(progress: watch, inUse: { [] })
        #expect(isRemoved.withLock { $0 } && problems == [], "\(problems)")
        for folder in ["snapshots", "blobs/sha256"] {
            #expect(Fixtures.names(in: "\(temporary.root)/\(folder)") == [], "\(folder)")
        }
    }

    /// What its layers should be nobody can say then.
    @Test(arguments: ["manifest", "configuration"])
    func anImageWhoseDocumentIsDamagedMeanwhile(what: String) throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let image = try ImageBuilder.load([Self.layer], in: temporary)
        let digest = what == "manifest" ? image.manifest : image.id
        let blob = "\(temporary.root)/blobs/sha256/\(digest.hex)"
        let problems = try temporary.open().verify(isDeep: true) { step in
            // It was just found to be right.
            guard case .layer(digest, _, let done, let total) = step, done == total else { return }
            do {
                try FileDescriptor.open(blob, O_WRONLY).writeAll("no document")
            } catch {
                Issue.record(error)
            }
        }
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("image test/built:latest: \(what): line 1") == true, "\(problems)")
        #expect(problems.first?.hasSuffix(" (its layers were not compared)") == true, "\(problems)")
        #expect(Fixtures.names(in: temporary.root + "/ingest") == [])
    }

    /// One that is right, and larger than this machine allows.
    @Test func anImageWhoseDocumentsAreNotRead() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        _ = try ImageBuilder.load([Self.layer], in: temporary)
        var limits = ImportLimits()
        limits.documentBytes = 16
        let store = try temporary.open(limits: limits)
        #expect(try store.verify() == [])
        let problems = try store.verify(isDeep: true)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("image test/built:latest: manifest: ") == true, "\(problems)")
    }

    /// Its blob cannot say any more what it should be.
    @Test func aLayerWhoseBlobIsDamaged() throws {
        let temporary = try TemporaryStore()
        defer { temporary.remove() }
        let image = try ImageBuilder.load([Self.layer], in: temporary)
        let store = try temporary.open()
        let digest = DigestHasher.digest(of: Self.layer.archive)
        try FileDescriptor.open("\(temporary.root)/blobs/sha256/\(digest.hex)", O_WRONLY).writeAll("x")
        #expect(chmod(try folder(image, store) + "/etc", 0o700) == 0)
        let problems = try store.verify(isDeep: true)
        #expect(problems.count == 1 && problems[0].contains("\(digest): its digest is "), "\(problems)")
    }
}
