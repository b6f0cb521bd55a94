/// The name of a container in one runtime root: letters, digits and `_ + - .`, up to 1,024 bytes, and not a
/// name that would mean another folder.
public struct ContainerID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) throws(RuntimeError) {
        guard !text.isEmpty else { throw RuntimeError("container id must not be empty") }
        guard text != ".", text != ".." else { throw RuntimeError("invalid container id '\(text)'") }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"),
                UInt8(ascii: "-"), UInt8(ascii: "."):
                continue
            default:
                throw RuntimeError(
                    "invalid container id '\(text)': only letters, digits and _ + - . are allowed")
            }
        }
        // A folder bears the id, and the kernel's names end at 255 bytes.
        guard text.utf8.count <= 255 else {
            throw RuntimeError("invalid container id: \(text.utf8.count) bytes, at most 255 are allowed")
        }
        self.text = text
    }

    public var description: String { text }
}
