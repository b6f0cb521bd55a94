import Glibc
import LinuxKernel
import OCISpec

/// What a word of the command line meant as an image: all that a container's start asks the database for.
struct ImageAnswer: Equatable {
    /// The word.
    var question: String
    /// Nothing here is synced, so after a crash of the machine none of it counts.
    var bootID: String
    var id: Digest
    var platform: Platform
    var topChain: ChainID?
    /// Folders of the layers, the topmost first.
    var snapshots: [Int64]
    /// As of `HeldImage`.
    var names: [String]
    var digests: [String]
}

/// The answers that lookups have given since the last change, a file each in the store's folder `answers`.
///
/// They are true without a look at the database, because a change forgets all of them inside the gate before it
/// begins, and they are written and read inside the gate (`StoreGate`). A change that is killed or fails has
/// forgotten answers for nothing.
struct RememberedAnswers: ~Copyable {
    private let root: Int32

    /// - Parameter root: the store's folder, which outlives this value.
    init(_ root: borrowing FileDescriptor) {
        self.root = root.raw
    }

    /// The answer to `question` of this boot; nil where there is none, or none that can be read.
    func find(_ question: String, bootID: String) -> ImageAnswer? {
        guard let name = Self.fileName(question) else { return nil }
        let raw = openat(root, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let file = FileDescriptor(owning: raw)
        guard let bytes = try? file.readToEnd(limit: 64 << 10), let answer = try? ImageAnswer(json: bytes),
            answer.question == question, answer.bootID == bootID
        else { return nil }
        return answer
    }

    /// What cannot be written, on a full disk say, is looked up again the next time.
    func remember(_ answer: ImageAnswer) {
        guard let name = Self.fileName(answer.question) else { return }
        let temporary = "answers/\(getpid()).new"
        let raw = openat(root, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { return }
        let file = FileDescriptor(owning: raw)
        do throws(KernelError) {
            try file.writeAll(answer.json())
        } catch {
            unlinkat(root, temporary, 0)
            return
        }
        if renameat(root, temporary, root, name) != 0 { unlinkat(root, temporary, 0) }
    }

    /// - Throws: when one is left, which would be wrong after the change.
    func forgetAll() throws {
        let raw = openat(root, "answers", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw KernelError("open", "answers of the image store") }
        let folder = FileDescriptor(owning: raw)
        for name in try TreeRemoval.names(in: folder) { try TreeRemoval.remove(name, in: folder) }
    }

    /// Nil for a question that makes no file name.
    private static func fileName(_ question: String) -> String? {
        guard question.utf8.count <= 200 else { return nil }
        var name = "answers/="
        for character in question.unicodeScalars {
            name.unicodeScalars.append(character == "/" ? "%" : character)
        }
        return name
    }
}

extension ImageAnswer: JSONDecodable, JSONEncodable {
    init(from json: JSONValue) throws(JSONError) {
        let object = try json.object()
        question = try object.required("question")
        bootID = try object.required("bootId")
        id = try object.required("id")
        platform = try object.required("platform")
        let chain: Digest? = try object.optional("chain")
        topChain = chain.map { ChainID($0) }
        snapshots = try object.required("snapshots")
        names = try object.required("names")
        digests = try object.required("digests")
    }

    func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("question", question)
            json.member("bootId", bootID)
            json.member("id", id)
            json.member("platform", platform)
            json.optional("chain", topChain?.digest)
            json.member("snapshots", snapshots)
            json.member("names", names)
            json.member("digests", digests)
        }
    }
}
