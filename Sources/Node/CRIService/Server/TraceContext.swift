import GRPCCore

/// The trace that a call belongs to, as its caller says it: by W3C's `traceparent`, or by the older
/// `grpc-trace-bin` of OpenCensus.
package enum TraceContext {
    /// - Returns: 32 hexadecimal digits; nil where there is none, or none that can be read.
    package static func traceID(_ metadata: Metadata) -> String? {
        for text in metadata[stringValues: "traceparent"] {
            if let id = traceID(parent: text) { return id }
        }
        for bytes in metadata[binaryValues: "grpc-trace-bin"] {
            if let id = traceID(binary: bytes) { return id }
        }
        return nil
    }

    /// `00-TRACE-SPAN-FLAGS` (W3C Trace Context, 3.2).
    private static func traceID(parent text: String) -> String? {
        let fields = text.split(separator: "-", omittingEmptySubsequences: false)
        guard fields.count >= 4, fields[0].utf8.count == 2, fields[1].utf8.count == 32 else { return nil }
        let digits = fields[1].utf8
        guard digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            digits.contains(where: { $0 != 48 })
        else { return nil }
        return String(fields[1])
    }

    /// Version 0, then fields by number; 0 is the trace's id of 16 bytes.
    private static func traceID(binary bytes: [UInt8]) -> String? {
        guard bytes.count >= 18, bytes[0] == 0, bytes[1] == 0 else { return nil }
        return bytes[2..<18].map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
