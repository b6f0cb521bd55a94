import ContainerCLI
import ContainerShim
import Testing

struct OutputTests {
    @Test func columnsAreAsWideAsTheirWidestCell() {
        var table = Table(["NAME", "STATUS"])
        table.add(["a", "Up 5 minutes"])
        table.add(["longer-name", "x"])
        #expect(table.text() == "NAME          STATUS\na             Up 5 minutes\nlonger-name   x\n")
        #expect(table.text(header: false) == "a             Up 5 minutes\nlonger-name   x\n")
    }

    @Test func cellsSteerNoTerminal() {
        var table = Table(["A", "B"])
        table.add(["\u{1b}[2Jx", "a\nb"])
        table.add(["y", "z"])
        #expect(table.text() == "A          B\n\\x1b[2Jx   a\\x0ab\ny          z\n")
    }

    static let decimalSizesCases: [(Int64, String)] = [
        (0, "0B"), (999, "999B"), (1000, "1kB"), (4_260_000, "4.26MB"), (123_456_789, "123MB"),
        (7_300_000_000, "7.3GB"),
    ]

    @Test(arguments: decimalSizesCases)
    func decimalSizes(bytes: Int64, text: String) {
        #expect(HumanUnits.decimalSize(bytes) == text)
    }

    static let binarySizesCases: [(Int64, String)] = [
        (0, "0B"), (1023, "1023B"), (1536, "1.5KiB"), (64 << 20, "64MiB"), (5_700_000, "5.436MiB"),
    ]

    @Test(arguments: binarySizesCases)
    func binarySizes(bytes: Int64, text: String) {
        #expect(HumanUnits.binarySize(bytes) == text)
    }

    static let durationsCases: [(Int64, String)] = [
        (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"), (3599, "59 minutes"), (3600, "About an hour"), (7200, "2 hours"),
        (86400 * 3, "3 days"),
        (86400 * 20, "2 weeks"), (86400 * 90, "3 months"), (86400 * 365 * 3, "3 years"),
    ]

    @Test(arguments: durationsCases)
    func durations(seconds: Int64, text: String) {
        #expect(HumanUnits.duration(seconds: seconds) == text)
    }

    @Test(arguments: [
        ("0001-01-01T00:00:00Z", "2027 years ago"), ("2026-11-22T23:33:29.9Z", "20 seconds ago"),
        ("9999-12-31T23:59:59Z", "Less than a second ago"),
    ])
    func ages(created: String, text: String) throws {
        let now = Timestamp(seconds: 1_795_390_430)
        #expect(HumanUnits.age(of: try #require(Timestamp(created)), now: now) == text)
    }

    @Test func numbers() {
        #expect(HumanUnits.fixed(12.345, 2) == "12.35" || HumanUnits.fixed(12.345, 2) == "12.34")
        #expect(HumanUnits.fixed(0, 2) == "0.00")
        #expect(HumanUnits.fixed(-1.5, 1) == "-1.5")
        #expect(HumanUnits.fixed(2.50, 2, trimmed: true) == "2.5")
    }

    @Test func shortenedTexts() {
        #expect("abcdef".shortened(to: 6) == "abcdef")
        #expect("abcdefg".shortened(to: 6) == "abcde…")
    }

    @Test func generatedNames() {
        for _ in 0..<200 {
            let words = NameGenerator.next().split(separator: "_")
            #expect(words.count == 2 && words.allSatisfy { $0.utf8.allSatisfy { (97...122).contains($0) } })
        }
        #expect(Set((0..<50).map { _ in NameGenerator.next() }).count > 25)
    }

    @Test func whatATerminalWouldObey() {
        #expect("a\u{1b}[31m\n\u{9b}ü\u{7f}".printable == "a\\x1b[31m\\x0a\\x9bü\\x7f")
    }
}
