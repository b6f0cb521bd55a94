import OCISpec
import Testing

/// Documents with random damage: whatever the text, reading it ends with a value or with one line.
@Suite("Damaged documents")
struct MutationTests {
    /// Reproducible: a failure names the round, and the next run meets the same text.
    private struct Random {
        var state: UInt64

        mutating func next(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
    }

    private static let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "-1", "1e999", "18446744073709551616",
        "0.5",
        "\"\"", "\"\\u0000\"", "\"\\ud800\"", "[[[[", "{\"a\":", "\u{1F600}",
    ].map { Array($0.utf8) }

    private func damage(_ text: [UInt8], _ random: inout Random) -> [UInt8] {
        var text = text
        for _ in 0...random.next(below: 4) where !text.isEmpty {
            let position = random.next(below: text.count)
            switch random.next(below: 6) {
            case 0: text[position] = UInt8(truncatingIfNeeded: random.next(below: 256))
            case 1: text.remove(at: position)
            case 2: text.removeSubrange(position..<min(text.count, position + random.next(below: 200)))
            case 3: text.insert(contentsOf: Self.pieces[random.next(below: Self.pieces.count)], at: position)
            case 4: text.removeSubrange(position...)
            default:
                let other = random.next(below: text.count)
                text.insert(
                    contentsOf: text[
                        min(position, other)..<min(max(position, other), min(position, other) + 99)],
                    at: position)
            }
        }
        return text
    }

    @Test("config.json", arguments: 0..<8)
    func configurations(seed: Int) {
        var random = Random(state: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ 1)
        let whole = Array(completeConfig.utf8)
        var read = 0
        for round in 0..<400 {
            let text = damage(whole, &random)
            do throws(JSONError) {
                let spec = try RuntimeSpec(json: text)
                #expect(try RuntimeSpec(json: spec.json(.tabs)) == spec, "seed \(seed), round \(round)")
                try spec.validate()
                read += 1
            } catch {
                let message = error.description
                #expect(!message.isEmpty && !message.contains("\n"), "seed \(seed), round \(round)")
            }
        }
        // Damage in names of members and in values without a rule goes unnoticed.
        #expect(read > 4 && read < 300, "\(read)")
    }

    @Test("any bytes at all", arguments: 0..<4)
    func anyBytes(seed: Int) {
        var random = Random(state: UInt64(seed) &+ 99)
        for _ in 0..<5000 {
            var text: [UInt8] = []
            for _ in 0..<random.next(below: 12) {
                if random.next(below: 3) == 0 {
                    text.append(UInt8(truncatingIfNeeded: random.next(below: 256)))
                } else {
                    text += Self.pieces[random.next(below: Self.pieces.count)]
                }
            }
            do throws(JSONError) {
                let again = try JSON.read(text) { (value) throws(JSONError) in value.json() }
                let third = try JSON.read(again) { (value) throws(JSONError) in value.json() }
                #expect(again == third)
            } catch {
                #expect(error.line >= 1 && error.column >= 1 && error.path.isEmpty)
            }
        }
    }

    @Test("every prefix of a configuration is refused")
    func prefixes() {
        let whole = Array(smallConfig.utf8)
        for length in 0..<whole.count {
            let error = failure { () throws(JSONError) in try RuntimeSpec(json: Array(whole[..<length])) }
            #expect(error?.reason.isEmpty == false)
        }
    }
}
