import Glibc
import OCISpec
import Testing

/// Damaged documents: each is either refused in one line that names its place, or read as something that reads
/// back as the same. A few seconds here; `SWIFTLET_SOAK=1` (`make soak`) goes on for minutes.
@Suite struct Fuzzing {
    private static let rounds = getenv("SWIFTLET_SOAK") == nil ? 4_000 : 1_000_000

    /// xorshift64*: the same documents every time.
    private struct Random {
        var state: UInt64

        mutating func next(below bound: Int) -> Int {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return Int((state &* 0x2545_f491_4f6c_dd1d) >> 33) % bound
        }
    }

    /// Words that mean something in these documents.
    private static let words: [[UInt8]] = [
        "null", "true", "-1", "0", "18446744073709551616", "1e999", "\"\"", "{}", "[]", "\\u0000", "\\ud800",
        "\"path\"", "\"type\"", ",", ":", "{", "}", "[", "]", "\"", "\\", "\u{0}", "é", "[[[[[[[[", "../",
        "//",
    ].map { Array($0.utf8) }

    private static func damage(_ document: [UInt8], _ random: inout Random) -> [UInt8] {
        var bytes = document
        for _ in 0...random.next(below: 4) {
            if bytes.isEmpty { return bytes }
            let place = random.next(below: bytes.count)
            switch random.next(below: 7) {
            case 0: bytes[place] = UInt8(random.next(below: 256))
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(contentsOf: words[random.next(below: words.count)], at: place)
            case 3:
                // A piece goes.
                let end = min(bytes.count, place + random.next(below: 40))
                bytes.removeSubrange(place..<end)
            case 4:
                // A piece comes twice.
                let end = min(bytes.count, place + random.next(below: 80))
                bytes.insert(contentsOf: bytes[place..<end], at: random.next(below: bytes.count))
            case 5: bytes.removeSubrange(place...)
            default:
                // A value becomes another one.
                let word = words[random.next(below: words.count)]
                if let colon = bytes[place...].firstIndex(of: UInt8(ascii: ":")) {
                    let end = bytes[colon...].firstIndex {
                        $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "}")
                    }
                    bytes.replaceSubrange((colon + 1)..<(end ?? bytes.count), with: word)
                }
            }
        }
        return bytes
    }

    private func fuzz<Document: JSONDecodable & JSONEncodable & Equatable>(
        _ type: Document.Type, _ text: String, seed: UInt64, check: (Document) throws(JSONError) -> Void
    ) {
        let document = Array(text.utf8)
        var random = Random(state: seed)
        var accepted = 0
        for round in 0..<Self.rounds {
            let bytes = Self.damage(document, &random)
            let value: Document
            do throws(JSONError) {
                value = try Document(json: bytes)
                try check(value)
            } catch {
                let line = error.description
                #expect(!line.isEmpty && !line.utf8.contains(10), "round \(round): \(line)")
                continue
            }
            accepted += 1
            do throws(JSONError) {
                let again = try Document(json: value.json())
                #expect(again == value, "round \(round): \(String(decoding: bytes, as: UTF8.self))")
            } catch {
                Issue.record("round \(round): written, it is refused: \(error)")
            }
        }
        // Harmless damage there must be, or nothing behind the parser was reached.
        #expect(accepted > Self.rounds / 200)
    }

    @Test func configurations() {
        fuzz(RuntimeSpec.self, completeConfig, seed: 1) { (spec) throws(JSONError) in try spec.validate() }
    }

    @Test func smallConfigurations() {
        fuzz(RuntimeSpec.self, runcExample, seed: 2) { (spec) throws(JSONError) in try spec.validate() }
    }

    @Test func states() {
        let state = """
            {"ociVersion":"1.3.0","id":"a-b_c.d","status":"running","pid":4711,"bundle":"/run/x/y",
             "annotations":{"org.example.key":"a value","empty":""}}
            """
        fuzz(ContainerState.self, state, seed: 3) { (_) throws(JSONError) in }
    }

    /// The filter's text stays text until it is needed: both ways of reading a configuration agree.
    @Test func theFilterReadLaterIsTheSame() {
        var random = Random(state: 4)
        let document = Array(completeConfig.utf8)
        for round in 0..<Self.rounds {
            let bytes = Self.damage(document, &random)
            guard let whole = try? RuntimeSpec(json: bytes) else { continue }
            guard let (spec, text) = try? RuntimeSpec.decodeExceptSeccomp(json: bytes) else {
                Issue.record("round \(round): refused without its filter")
                continue
            }
            var without = whole
            without.linux?.seccomp = nil
            #expect(spec == without, "round \(round)")
            #expect((text == nil) == (whole.linux?.seccomp == nil), "round \(round)")
        }
    }
}
