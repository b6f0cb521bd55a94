import OCISpec
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    private func written(_ style: JSONWriter.Style, _ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(style)
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private func sample(_ json: inout JSONWriter) {
        json.object { json in
            json.member("name", "x")
            json.member("list", [1, -2])
            json.member("empty", [String]())
            json.key("nested")
            json.object { json in
                json.flag("on", true)
                json.flag("off", false)
                json.optional("none", Int?.none)
                json.optional("some", Int?.some(3))
                json.nonEmpty("nothing", [Int]())
            }
            json.key("void")
            json.object { _ in }
            json.key("rest")
            json.array { json in
                json.null()
                json.bool(false)
                json.double(1.5)
                json.double(.nan)
                json.string("s")
            }
        }
    }

    @Test("compact")
    func compact() {
        let expected =
            #"{"name":"x","list":[1,-2],"empty":[],"nested":{"on":true,"some":3},"void":{},"#
            + #""rest":[null,false,1.5,null,"s"]}"#
        #expect(written(.compact, sample) == expected)
    }

    @Test("indented, as Go does")
    func indented() {
        let expected = """
            {
            >"name": "x",
            >"list": [
            >>1,
            >>-2
            >],
            >"empty": [],
            >"nested": {
            >>"on": true,
            >>"some": 3
            >},
            >"void": {},
            >"rest": [
            >>null,
            >>false,
            >>1.5,
            >>null,
            >>"s"
            >]
            }
            """
        #expect(written(.tabs, sample) == String(expected.map { $0 == ">" ? "\t" : $0 }))
        let spaces = expected.split(separator: "\n", omittingEmptySubsequences: false)
            .map { String(repeating: "  ", count: $0.prefix { $0 == ">" }.count) + $0.drop { $0 == ">" } }
        #expect(written(.spaces(2), sample) == spaces.joined(separator: "\n"))
    }

    @Test("integers of every size")
    func integers() {
        #expect(written(.compact) { $0.integer(Int64.min) } == "-9223372036854775808")
        #expect(written(.compact) { $0.integer(UInt64.max) } == "18446744073709551615")
        #expect(written(.compact) { $0.integer(0) } == "0")
        #expect(written(.compact) { $0.integer(Int32(-10)) } == "-10")
        #expect(written(.compact) { $0.integer(UInt16.max) } == "65535")
    }

    @Test("escapes what must be escaped and nothing else")
    func escapes() throws {
        for scalar in (0...0x2fff).compactMap(Unicode.Scalar.init) {
            let text = "a" + String(scalar) + "b"
            let written = quoted(text)
            #expect(
                try JSON.read(Array(written.utf8)) { (value) throws(JSONError) in try value.string() } == text
            )
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            #expect((written != "\"\(text)\"") == mustEscape, "\(scalar.value)")
        }
        #expect(quoted("\u{1}\u{1f}\u{8}\u{c}") == #""\u0001\u001f\b\f""#)
    }

    @Test("dynamic keys are quoted")
    func keys() {
        #expect(written(.compact) { $0.object { $0.member(String("a\"b\n"), 1) } } == #"{"a\"b\n":1}"#)
    }
}
