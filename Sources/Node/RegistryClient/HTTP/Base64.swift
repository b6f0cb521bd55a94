import struct FoundationEssentials.Data

/// Base64 with padding (RFC 4648, section 4).
package enum Base64 {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
    }

    /// - Returns: nil for what is not base64. Padding may be missing: some tools leave it out. There may be line breaks
    ///   in it, as base64(1) makes them and Go's decoder passes over.
    package static func decode(_ text: String) -> [UInt8]? {
        let bare = String(decoding: text.utf8.filter { $0 != 0x0a && $0 != 0x0d }, as: UTF8.self)
            .trimmingSpaces
        let padding = String(repeating: "=", count: bare.hasSuffix("=") ? 0 : (4 - bare.utf8.count % 4) % 4)
        return Data(base64Encoded: bare + padding).map { [UInt8]($0) }
    }
}
