import LinuxKernel
import OCISpec

/// Why the image store refused or failed: one line that a user can act on.
public struct ImageError: Error, CustomStringConvertible, Sendable {
    /// What went wrong, for callers that react to it.
    public enum Kind: Sendable, Equatable {
        /// No such image, layer or file.
        case notFound
        /// A prefix of an id that several images have.
        case ambiguous
        /// What the caller asked for cannot be read (a malformed name, say).
        case invalid
        /// An archive, a blob or a document that is not what its digest, size or format promises.
        case corrupt
        /// More than a configured limit allows.
        case limit
        /// Well-formed, but nothing this store can hold or this machine can run.
        case unsupported
        /// A container or a name still needs it.
        case inUse
        /// The database belongs to a newer program, or is locked for too long, or is damaged.
        case store
    }

    public let kind: Kind
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    static func corrupt(_ description: String) -> ImageError { ImageError(.corrupt, description) }
    static func invalid(_ description: String) -> ImageError { ImageError(.invalid, description) }

    /// The same error with the thing it happened in put in front.
    func within(_ object: String) -> ImageError { ImageError(kind, "\(object): \(description)") }
}

/// Puts the thing that was worked on in front of whatever error comes out of `body`.
func within<Result>(_ object: @autoclosure () -> String, _ body: () throws -> Result) throws -> Result {
    do {
        return try body()
    } catch let error as ImageError {
        throw error.within(object())
    } catch let error as JSONError {
        throw ImageError.corrupt("\(object()): \(error)")
    } catch let error as KernelError {
        throw KernelError("\(object()): \(error.operation)", error.object, error.errno)
    }
}
