import SwiftProtobuf

extension Array where Element: Message {
    /// Bytes: a quarter of what gRPC's clients take unless they are told otherwise.
    package static var bytesOfPart: Int { 1 << 20 }

    /// In messages of a size that no client refuses. An element that is larger than that is alone.
    /// - Parameter size: elements of a part.
    package func parts(of size: Int = 256) throws -> [[Element]] {
        var parts: [[Element]] = []
        var bytes = 0
        for element in self {
            let own = try (element.serializedBytes() as [UInt8]).count
            if let last = parts.last, last.count < size, bytes + own <= Self.bytesOfPart {
                parts[parts.count - 1].append(element)
                bytes += own
            } else {
                parts.append([element])
                bytes = own
            }
        }
        return parts
    }
}
