import NIOCore
import OCISpec

/// Why a registry's answer was no answer: one line that says what was asked, of whom, and what went wrong.
public struct RegistryError: Error, CustomStringConvertible, Sendable {
    /// What went wrong, for callers that react to it.
    public enum Kind: Sendable, Equatable {
        /// The registry has no such repository, tag, manifest or blob (404).
        case notFound
        /// Credentials are missing, wrong, or could not be used (401).
        case unauthorized
        /// The credentials are known and do not suffice (403), or our own signature policy refuses the image.
        case denied
        /// Too many requests (429), with the seconds that the registry wants us to wait if it said so.
        case rateLimited(retryAfter: Int?)
        /// The registry could not be reached: no such host, refused, TLS failed.
        case unreachable
        /// The connection ended, or nothing came in time.
        case interrupted
        /// The registry failed (5xx).
        case server
        /// What came is not what its digest, size or format promises.
        case corrupt
        /// More than a configured limit allows.
        case limit
        /// Well-formed, but nothing that this program understands.
        case unsupported
        /// What the caller asked for makes no sense.
        case invalid
        /// A configuration file, a credential file or a helper program is not usable.
        case configuration
    }

    public let kind: Kind
    public let description: String
    /// The codes of the registry's own errors, `MANIFEST_UNKNOWN` (distribution-spec, Error Codes).
    public let codes: [String]
    /// The HTTP status, when there was an answer.
    public let status: UInt?
    /// What else is known of how the network failed.
    let symptom: Symptom?
    /// Who was asked has answered, and it failed where that redirects to.
    private(set) var isBehindRedirect = false

    enum Symptom: Sendable, Equatable {
        /// No answer in time: the next one may take as long.
        case timeout
        /// The way a handshake fails with somebody who does not know TLS.
        case noTLS
        /// A handshake that failed for a certificate, the server's or ours.
        case certificate
        /// Nobody is there just now, of a server that has answered before.
        case away
        /// It was tried as often as makes sense: who asked for it does not ask again.
        case spent
        /// A refusal of HEAD, whose answer has no body, and therefore no word of the registry's.
        /// - Parameter isSpent: it was tried as often as makes sense, too.
        case wordless(isSpent: Bool)
    }

    public init(_ kind: Kind, _ description: String, codes: [String] = []) {
        self.init(kind, description, codes: codes, status: nil)
    }

    init(
        _ kind: Kind, _ description: String, codes: [String] = [], status: UInt?, symptom: Symptom? = nil
    ) {
        self.kind = kind
        self.description = description
        self.codes = codes
        self.status = status
        self.symptom = symptom
    }

    /// The same error with the thing it happened in put in front.
    package func within(_ object: String) -> RegistryError {
        RegistryError(
            kind, "\(object): \(description)", codes: codes, status: status, symptom: symptom)
    }

    /// The same error, of another server than the one that was asked: without its path, which is as long as it says
    /// little, and without the query, which may be a signature.
    func redirected(to address: WebAddress) -> RegistryError {
        var error = within("redirected to \(address.origin.authority)")
        error.isBehindRedirect = true
        return error
    }

    /// The same error, of which more is known.
    func with(_ symptom: Symptom) -> RegistryError {
        RegistryError(kind, description, codes: codes, status: status, symptom: symptom)
    }

    /// The same error, after which nobody asks again.
    var spent: RegistryError {
        if case .wordless = symptom { with(.wordless(isSpent: true)) } else { with(.spent) }
    }

    /// Whether the next registry of a search may have what this one has not. Docker's own calls unauthorized what it
    /// has not; the refusal of our own policy has no status.
    public var mayBeElsewhere: Bool {
        switch kind {
        case .notFound, .unreachable, .unauthorized: true
        case .denied: status != nil
        default: false
        }
    }

    /// Whether the network is to blame and the same request may succeed a moment later.
    var isTransient: Bool {
        switch kind {
        case .interrupted, .server, .rateLimited: symptom != .spent && symptom != .wordless(isSpent: true)
        case .unreachable: symptom == .away
        default: false
        }
    }
}

/// The errors in a registry's answer (distribution-spec, Error Codes).
package struct RegistryErrorBody {
    /// One line of all of them.
    package let text: String
    package let codes: [String]

    /// - Returns: nil when the body is not of that form.
    package init?(json: [UInt8]) {
        let read = try? JSON.read(json) { (value) throws(JSONError) -> [(String, String)] in
            let object = try value.object()
            guard let errors = object["errors"] else {
                // Token services have other forms.
                let texts = [try object.text("details"), try object.text("message")]
                return texts.compactMap { $0 }.prefix(1).map { ("", $0) }
            }
            var found: [(String, String)] = []
            for error in try errors.elements() {
                let error = try error.object()
                let code = try error.text("code") ?? ""
                var text = try error.text("message") ?? ""
                if let detail = error["detail"] {
                    var writer = JSONWriter()
                    detail.encode(to: &writer)
                    text += (text.isEmpty ? "" : " ") + String(decoding: writer.bytes, as: UTF8.self)
                }
                found.append((code, text))
            }
            return found
        }
        guard let read, !read.isEmpty else { return nil }
        codes = read.map(\.0).filter { !$0.isEmpty }
        text = read.prefix(3).map { code, message in
            let message = oneLine(message, limit: 200)
            if code.isEmpty { return message }
            return message.isEmpty ? oneLine(code, limit: 60) : "\(message) (\(oneLine(code, limit: 60)))"
        }.joined(separator: "; ")
    }
}

extension RegistryErrorBody {
    /// The error of the storage that a registry redirects to: `<Error><Code>…</Code><Message>…</Message>…</Error>` from
    /// S3, Google's and Azure's. Its code is none of a registry's.
    /// - Returns: nil when the body is not of that form.
    package init?(xml body: [UInt8]) {
        let text = String(decoding: body.prefix(16 << 10), as: UTF8.self)
        guard text.contains("<Error>"), let message = Self.element("Message", of: text) else { return nil }
        codes = []
        let code = Self.element("Code", of: text).map { " (\(oneLine($0, limit: 60)))" } ?? ""
        self.text = oneLine(message, limit: 200) + code
    }

    private static func element(_ name: String, of text: String) -> String? {
        guard let begin = text.firstRange(of: "<\(name)>"),
            let end = text[begin.upperBound...].firstRange(of: "</\(name)>")
        else { return nil }
        var content = String(text[begin.upperBound..<end.lowerBound])
        // The ampersand last: what comes out of it is no further entity.
        for (entity, character) in [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&"),
        ] { content = content.replacing(entity, with: character) }
        return content.isEmpty ? nil : content
    }
}

/// Text of a stranger, fit for one line: no control characters, not too long.
func oneLine(_ text: String, limit: Int = 120) -> String {
    var out = ""
    var length = 0
    for scalar in text.unicodeScalars {
        if length == limit { return out + "…" }
        length += 1
        switch scalar {
        case "\u{0}"..<"\u{20}", "\u{7f}"..<"\u{a0}", "\u{2028}", "\u{2029}": out += " "
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}
