import OCISpec
import Testing

@Suite("JSON text")
struct JSONParserTests {
    /// Reads `text` and writes it again, compactly.
    private func roundTrip(_ text: String) throws(JSONError) -> String {
        try JSON.read(Array(text.utf8)) { (value) throws(JSONError) in
            written(value)
        }
    }

    @Test(
        "is accepted where RFC 8259 allows it",
        arguments: [
            ("null", "null"), ("true", "true"), ("false", "false"), (" \t\r\n1 \n", "1"),
            ("[]", "[]"), ("[ ]", "[]"), ("{}", "{}"), ("{ }", "{}"), ("[[],[[]],{}]", "[[],[[]],{}]"),
            (#"{"a":{"b":[1,{"c":null}]},"d":0}"#, #"{"a":{"b":[1,{"c":null}]},"d":0}"#),
            (#" { "a" : [ 1 , 2 ] , "b" : { } } "#, #"{"a":[1,2],"b":{}}"#),
            ("0", "0"), ("-0", "-0"), ("-1", "-1"), ("10", "10"), ("1.5", "1.5"), ("0.0", "0.0"),
            ("1e5", "1e5"),
            ("1E+5", "1E+5"), ("1.25e-10", "1.25e-10"), ("0e0", "0e0"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            (#""""#, #""""#), (#""plain""#, #""plain""#), (#""\"\\\/\b\f\n\r\t""#, #""\"\\/\b\f\n\r\t""#),
            (#""\u0041\u00e9\u20ac""#, "\"Aé€\""), (#""\ud83d\ude00""#, "\"😀\""),
            (#""\uD834\uDD1E""#, "\"𝄞\""),
            (#""\u0000\u001f""#, #""\u0000\u001f""#), (#""\u007f""#, "\"\u{7f}\""),
            (#""\uffff""#, "\"\u{ffff}\""),
            ("\"é€😀\u{2028}\"", "\"é€😀\u{2028}\""),
            ("\"\u{80}\u{7ff}\u{800}\u{10ffff}\"", "\"\u{80}\u{7ff}\u{800}\u{10ffff}\""),
            (#"{"":1}"#, #"{"":1}"#), (#"{"a":1,"a":2}"#, #"{"a":1,"a":2}"#),
            (#"["12345678","1234567\"","123456\n8"]"#, #"["12345678","1234567\"","123456\n8"]"#),
        ])
    func accepted(text: String, again: String) throws {
        #expect(try roundTrip(text) == again)
    }

    @Test(
        "is refused elsewhere, with line and column",
        arguments: [
            ("", "line 1, column 1: expected a value, found the end of the text"),
            (" \n ", "line 2, column 2: expected a value, found the end of the text"),
            ("nul", "line 1, column 4: expected null, found the end of the text in it"),
            ("trux", "line 1, column 4: expected true, found 'x' in it"),
            ("nulll", "line 1, column 5: unexpected 'l' after the document"),
            ("True", "line 1, column 1: expected a value, found 'T'"),
            ("1 2", "line 1, column 3: unexpected '2' after the document"),
            ("{}}", "line 1, column 3: unexpected '}' after the document"),
            ("[1]\u{0}", "line 1, column 4: unexpected byte 0x00 after the document"),
            ("[", "line 1, column 2: expected a value, found the end of the text"),
            ("[1", "line 1, column 3: expected ',' or ']', found the end of the text"),
            ("[1,", "line 1, column 4: expected a value, found the end of the text"),
            ("[1,]", "line 1, column 4: expected a value, found ']'"),
            ("[,1]", "line 1, column 2: expected a value, found ','"),
            ("[1 2]", "line 1, column 4: expected ',' or ']', found '2'"),
            ("[1}", "line 1, column 3: expected ',' or ']', found '}'"),
            ("]", "line 1, column 1: expected a value, found ']'"),
            ("{", "line 1, column 2: expected a key in quotes or '}', found the end of the text"),
            ("{1:2}", "line 1, column 2: expected a key in quotes or '}', found '1'"),
            ("{a:1}", "line 1, column 2: expected a key in quotes or '}', found 'a'"),
            (#"{"a"}"#, "line 1, column 5: expected ':' after the key, found '}'"),
            (#"{"a" 1}"#, "line 1, column 6: expected ':' after the key, found '1'"),
            (#"{"a":}"#, "line 1, column 6: expected a value, found '}'"),
            (#"{"a":1,}"#, "line 1, column 8: expected a key in quotes, found '}'"),
            (#"{"a":1 "b":2}"#, "line 1, column 8: expected ',' or '}', found '\"'"),
            (#"{"a":1]"#, "line 1, column 7: expected ',' or '}', found ']'"),
            (#"{'a':1}"#, "line 1, column 2: expected a key in quotes or '}', found '''"),
            ("{\n  \"a\": 1,\n  \"b\": tru\n}", "line 3, column 11: expected true, found byte 0x0a in it"),
            ("01", "line 1, column 2: a number must not start with 0"),
            ("-01", "line 1, column 3: a number must not start with 0"),
            ("-", "line 1, column 2: expected a digit, found the end of the text"),
            ("+1", "line 1, column 1: expected a value, found '+'"),
            (".5", "line 1, column 1: expected a value, found '.'"),
            ("1.", "line 1, column 3: expected a digit, found the end of the text"),
            ("1.e5", "line 1, column 3: expected a digit, found 'e'"),
            ("1e", "line 1, column 3: expected a digit, found the end of the text"),
            ("1e+", "line 1, column 4: expected a digit, found the end of the text"),
            ("0x10", "line 1, column 2: unexpected 'x' after the document"),
            ("NaN", "line 1, column 1: expected a value, found 'N'"),
            ("-Infinity", "line 1, column 2: expected a digit, found 'I'"),
            ("1_000", "line 1, column 2: unexpected '_' after the document"),
            ("\"abc", "line 1, column 5: the text ends inside a string"),
            ("\"abc\\", "line 1, column 6: unknown escape, found the end of the text after '\\'"),
            (#""\x41""#, "line 1, column 3: unknown escape, found 'x' after '\\'"),
            (#""\u12g4""#, "line 1, column 6: expected a hexadecimal digit, found 'g'"),
            (#""\u12"#, "line 1, column 6: expected a hexadecimal digit, found the end of the text"),
            (#""é\ud800""#, "line 1, column 3: half of a surrogate pair in a string"),
            (#""\udc00""#, "line 1, column 2: half of a surrogate pair in a string"),
            (#""\ud800\u0041""#, "line 1, column 2: half of a surrogate pair in a string"),
            (#""\ud800\ud800""#, "line 1, column 2: half of a surrogate pair in a string"),
            (#""\ud800x""#, "line 1, column 2: half of a surrogate pair in a string"),
            ("\"a\nb\"", "line 1, column 3: unescaped control character (0x0a) in a string"),
            ("\"12345678\t\"", "line 1, column 10: unescaped control character (0x09) in a string"),
            ("// no\n1", "line 1, column 1: expected a value, found '/'"),
            ("\u{feff}1", "line 1, column 1: expected a value, found byte 0xef"),
            ("\u{a0}1", "line 1, column 1: expected a value, found byte 0xc2"),
        ])
    func refused(text: String, message: String) {
        #expect(failure { () throws(JSONError) in try roundTrip(text) }?.description == message)
    }

    @Test(
        "with malformed UTF-8 in a string is refused",
        arguments: [
            [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x41], [0xe0, 0x80, 0x80],
            [0xe0, 0x9f, 0xbf],
            [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80],
            [0xf0, 0x9f, 0x98],
            [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xff], [0xfe],
        ] as [[UInt8]])
    func malformed(bytes: [UInt8]) {
        // Behind eight plain characters and in front of some, so that both scanning loops meet it.
        for (before, after) in [("\"", "\""), ("\"12345678", "12345678\"")] {
            let text = Array(before.utf8) + bytes + Array(after.utf8)
            let error = failure { () throws(JSONError) in try JSON.read(text) { (_) throws(JSONError) in } }
            #expect(error?.reason.hasPrefix("invalid UTF-8 (0x") == true, "\(bytes)")
            #expect(error?.column == before.utf8.count + 1)
        }
    }

    @Test("may nest 128 deep, not deeper")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try roundTrip(nested(128)) == nested(128))
        let objects = String(repeating: #"{"a":"#, count: 128) + "1" + String(repeating: "}", count: 128)
        #expect(try roundTrip(objects) == objects)
        let message = "line 1, column 129: nested deeper than 128 arrays and objects"
        #expect(failure { () throws(JSONError) in try roundTrip(nested(129)) }?.description == message)
        let bomb = String(repeating: "[", count: 1_000_000)
        #expect(failure { () throws(JSONError) in try roundTrip(bomb) }?.description == message)
    }

    @Test("longer than its first tape is read")
    func manyTokens() throws {
        let text = "[" + String(repeating: "0,", count: 100_000) + "1]"
        #expect(try roundTrip(text) == text)
    }

    @Test("keeps strings of every length whole")
    func stringLengths() throws {
        for length in 0...40 {
            let plain = String(repeating: "x", count: length)
            for text in [plain, plain + "\"" + plain, plain + "é", "\u{1}" + plain, plain + "\\"] {
                #expect(try decode(quoted(text), as: String.self) == (text.utf8.contains(0) ? "" : text))
            }
        }
    }
}
