import struct FoundationEssentials.Data

/// Base64 with padding (RFC 4648, section 4).
package enum Base64 {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
    }

    /// - Returns: nil for what is not base64. Padding may be missing: some tools leave it out.
    package static func decode(_ text: String) -> [UInt8]? {
        let bare = text.trimmingSpaces
        let padding = String(repeating: "=", count: bare.hasSuffix("=") ? 0 : (4 - bare.utf8.count % 4) % 4)
        return Data(base64Encoded: bare + padding).map { [UInt8]($0) }
    }
}
