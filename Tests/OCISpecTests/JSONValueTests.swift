import OCISpec
import Testing

@Suite("JSON values")
struct JSONValueTests {
    private func number(_ text: String) throws(JSONError) -> JSONNumber {
        try JSON.read(Array(text.utf8)) { (value) throws(JSONError) in try value.number() }
    }

    @Test(
        "numbers stay exact",
        arguments: [
            ("0", .integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .unsigned(9_223_372_036_854_775_808)),
            ("18446744073709551615", .unsigned(.max)),
            ("18446744073709551616", .double(18_446_744_073_709_551_616)),
            ("-9223372036854775809", .double(-9_223_372_036_854_775_808)), ("1.5", .double(1.5)),
            ("1.0", .double(1)),
            ("1e3", .double(1000)), ("-2.5E-3", .double(-0.0025)), ("1e400", .double(.infinity)),
        ] as [(String, JSONNumber)])
    func numbers(text: String, expected: JSONNumber) throws {
        #expect(try number(text) == expected)
    }

    @Test("integers are refused outside their range")
    func integerRanges() throws {
        #expect(try decode("255", as: UInt16.self) == 255)
        #expect(try decode("65535", as: UInt16.self) == 65_535)
        #expect(try decode("4294967295", as: UInt32.self) == .max)
        #expect(try decode("-2147483648", as: Int32.self) == .min)
        #expect(try decode("18446744073709551615", as: UInt64.self) == .max)
        #expect(try decode("-9223372036854775808", as: Int64.self) == .min)
        let refused: [(String, String)] = [
            (message("65536", UInt16.self), "65536 is out of range, 0 to 65535"),
            (message("-1", UInt32.self), "-1 is out of range, 0 to 4294967295"),
            (message("4294967296", UInt32.self), "4294967296 is out of range, 0 to 4294967295"),
            (message("2147483648", Int32.self), "2147483648 is out of range, -2147483648 to 2147483647"),
            (
                message("18446744073709551616", UInt64.self),
                "18446744073709551616 is out of range, 0 to 18446744073709551615"
            ),
            (
                message("9223372036854775808", Int64.self),
                "9223372036854775808 is out of range, -9223372036854775808 to 9223372036854775807"
            ),
            (message("1.0", Int64.self), "expected an integer, found 1.0"),
            (message("1e3", Int64.self), "expected an integer, found 1e3"),
            (message("\"1\"", Int64.self), "expected an integer, found a string"),
            (message("null", Int64.self), "expected an integer, found null"),
            (
                message(String(repeating: "9", count: 50), Int64.self),
                String(repeating: "9", count: 40)
                    + "… is out of range, -9223372036854775808 to 9223372036854775807"
            ),
        ]
        for (found, expected) in refused { #expect(found == "line 1, column 1: " + expected) }
    }

    private func message<Value: JSONDecodable>(_ text: String, _ type: Value.Type) -> String {
        failure { () throws(JSONError) in try decode(text, as: type) }?.description ?? ""
    }

    @Test("of the wrong kind are refused")
    func kinds() {
        #expect(message("1", String.self) == "line 1, column 1: expected a string, found a number")
        #expect(message(" \"true\"", Bool.self) == "line 1, column 2: expected a boolean, found a string")
        #expect(message("{}", [Int].self) == "line 1, column 1: expected an array, found an object")
        #expect(message("[]", SortedMap<Int>.self) == "line 1, column 1: expected an object, found an array")
        #expect(message("[1,true]", [Int].self) == "[1]: expected an integer, found a boolean")
        #expect(message("[null]", [String].self) == "[0]: expected a string, found null")
    }

    @Test("strings with NUL are refused where they become arguments and paths")
    func nul() throws {
        #expect(message(#"["a","b\u0000c"]"#, [String].self) == "[1]: contains a NUL character")
        #expect(
            message(#"{"b\u0000c":"x"}"#, SortedMap<String>.self).hasSuffix(
                "the key contains a NUL character"))
        let plain = try JSON.read(Array(#""b\u0000c""#.utf8)) { (value) throws(JSONError) in
            try value.string()
        }
        #expect(plain == "b\u{0}c")
    }

    @Test("paths name members and elements, also odd ones")
    func paths() {
        typealias Deep = SortedMap<[SortedMap<Int>]>
        #expect(message(#"{"a":[{"b":1},{"c":"x"}]}"#, Deep.self).hasPrefix("a[1].c: "))
        #expect(message(#"{"x.y":[{"b c":"x"}]}"#, Deep.self).hasPrefix(#"["x.y"][0]["b c"]: "#))
        #expect(message(#"{"":[{"a\n\"":"x"}]}"#, Deep.self).hasPrefix(#"[""][0]["a\n\""]: "#))
        #expect(message(#"{"A-z_0":[{"é":"x"}]}"#, Deep.self).hasPrefix(#"A-z_0[0]["é"]: "#))
        let error = failure { () throws(JSONError) in
            try decode("{\"a\": [\n {\"b\": 1, \"c\": \"x\"}]}", as: Deep.self)
        }
        #expect(error?.path == "a[0].c" && error?.line == 2 && error?.column == 16)
    }

    @Test("members: unknown ones are ignored, null is absent, the last of several counts")
    func members() throws {
        let text = #"{"a":1,"x":[{}],"b":null,"a":2,"\u0063":"3","d":4,"d":null,"e":null,"e":5}"#
        try JSON.read(Array(text.utf8)) { (value) throws(JSONError) in
            let object = try value.object()
            #expect(try object.required("a", as: Int.self) == 2)
            #expect(try object.optional("b", as: Int.self) == nil)
            #expect(try object.required("c", as: String.self) == "3")
            #expect(try object.optional("d", as: Int.self) == nil)
            #expect(try object.optional("e", as: Int.self) == 5)
            #expect(object["y"] == nil)
            #expect(
                failure { () throws(JSONError) in try object.required("b", as: Int.self) }?.description
                    == "b: missing")
            #expect(object.members.map(\.key) == ["a", "x", "b", "a", "c", "d", "d", "e", "e"])
        }
    }

    @Test("keys are compared as a whole, escaped or not")
    func keys() throws {
        try JSON.read(Array(#"{"ab":1,"abcd":2,"\u0061bc\u0064e":3,"a\"":4}"#.utf8)) {
            (value) throws(JSONError) in
            let object = try value.object()
            #expect(object["abc"] == nil)
            #expect(object["a"] == nil)
            #expect(try object.required("abcde", as: Int.self) == 3)
            #expect(object["abcdef"] == nil)
            #expect(try object.required("a\"", as: Int.self) == 4)
        }
    }

    @Test("maps are sorted by bytes, without merging equivalent keys")
    func maps() throws {
        let map = try decode(
            #"{"b":"1","a":"2","b":"3","é":"4","e\u0301":"5","c":null}"#, as: SortedMap<String>.self)
        #expect(map.map(\.key).map { Array($0.utf8) } == ["a", "b", "e\u{301}", "é"].map { Array($0.utf8) })
        #expect(map["b"] == "3" && map["é"] == "4" && map["e\u{301}"] == "5" && map["c"] == nil)
        var changed = map
        changed["b"] = nil
        changed["aa"] = "6"
        changed["a"] = "7"
        #expect(changed.map(\.value) == ["7", "6", "5", "4"])
        #expect(changed != map && changed.count == 4)
        #expect(SortedMap(map.map { (key: $0.key, value: $0.value) }.reversed()) == map)
    }

    @Test("messages stay on one line")
    func oneLine() {
        let odd = "a\n\r\t\u{0}\u{1b}[31m\u{2028}\u{7f}" + String(repeating: "x", count: 200)
        let shown = JSONError.quoted(odd)
        #expect(shown.hasPrefix(#""a\n\u{d}\t\u{0}\u{1b}[31m\u{2028}\u{7f}xxx"#) && shown.hasSuffix("x…\""))
        #expect(shown.unicodeScalars.count < 140)
    }
}
