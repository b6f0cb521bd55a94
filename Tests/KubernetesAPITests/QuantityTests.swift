import KubernetesAPI
import Testing

@Suite struct QuantityTests {
    /// What is written, and Kubernetes' canonical form of it.
    static let canonical: [(String, String)] = [
        ("0", "0"), ("1", "1"), ("-1", "-1"), ("+1", "1"), ("0.5", "500m"), (".5", "500m"), ("5.", "5"),
        ("1.5", "1500m"), ("1000m", "1"), ("1500m", "1500m"), ("100m", "100m"), ("1000", "1k"),
        ("1024", "1024"),
        ("100k", "100k"), ("1000k", "1M"), ("1100k", "1100k"), ("1k", "1k"), ("0.001k", "1"), ("1E", "1E"),
        ("10E", "10E"), ("1e3", "1e3"), ("1E3", "1e3"), ("12e5", "1200e3"), ("1e-3", "1e-3"), ("1e0", "1"),
        ("1Ki", "1Ki"), ("1024Ki", "1Mi"), ("1.5Ki", "1536"), ("1.5Gi", "1536Mi"), ("0.5Ki", "512"),
        ("512Mi", "512Mi"),
        ("0.1Mi", "104858"), ("1025.5Ki", "1050112"), ("64Mi", "64Mi"), ("1Ei", "1Ei"), ("1n", "1n"),
        ("0.1n", "1n"), ("-0.1n", "-1n"), ("1.1n", "2n"), ("0.0000000001", "1n"), ("1u", "1u"),
        ("0.000001", "1u"),
        ("123456789", "123456789"), ("9223372036854775807", "9223372036854775807"),
        ("1e40", "9223372036854775807e0"),
        ("000123", "123"), ("0Ki", "0"), ("1000000n", "1m"),
    ]

    @Test(arguments: canonical) func canonicalForm(_ written: String, _ expected: String) throws {
        let quantity = try #require(Quantity(written))
        let expected = expected.hasSuffix("e0") ? String(expected.dropLast(2)) : expected
        #expect(quantity.description == expected)
        #expect(Quantity(expected)?.description == expected)
    }

    @Test(arguments: [
        "", " ", "1 ", "1K", "1ki", "m", "1.2.3", "--1", "1e", "1ee3", "1e3.5", "1KiB", "0x10", "１", "1mm",
    ])
    func textThatIsNone(_ text: String) { #expect(Quantity(text) == nil) }

    @Test(
        arguments: [
            ("1n", 1, 1), ("100m", 1, 100), ("1", 1, 1000), ("1500m", 2, 1500), ("1001m", 2, 1001),
            ("-1500m", -2, -1500),
            ("1Ki", 1024, 1_024_000), ("10E", Int64.max, Int64.max), ("-10E", Int64.min, Int64.min),
        ] as [(String, Int64, Int64)])
    func valuesAreRoundedAwayFromZero(_ text: Quantity.StringLiteralType, _ value: Int64, _ milli: Int64)
        throws
    {
        let quantity = try #require(Quantity(text))
        #expect(quantity.value == value)
        #expect(quantity.milliValue == milli)
    }

    @Test func amountsAreComparedAndAdded() {
        #expect(Quantity("1Ki") == Quantity("1024"))
        #expect(Quantity("100m") < Quantity("0.2"))
        #expect(Quantity("1Gi") > Quantity("1G"))
        #expect((Quantity("0.1") + Quantity("0.2")).description == "300m")
        #expect((Quantity("1Gi") - Quantity("512Mi")).description == "512Mi")
        #expect((Quantity.zero + Quantity("1Mi")).description == "1Mi")
        #expect((Quantity("1Mi") + Quantity("1")).description == "1048577")
        #expect((-Quantity("1Ki")).description == "-1Ki")
        #expect(Set<Quantity>(["1Ki", "1024", "1"]).count == 2)
    }
}
