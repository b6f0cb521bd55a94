import KubernetesAPI
import OCISpec
import Testing

@Suite struct YAMLTests {
    private func value(_ text: String) throws -> APIValue {
        try #require(YAMLDocument.split(text).first).value()
    }

    static let scalars: [(String, APIValue)] = [
        ("yes", true), ("On", true), ("y", true), ("off", false), ("N", false), ("TRUE", true),
        ("tRUE", "tRUE"),
        ("null", .null), ("~", .null), ("", .null), ("Null", .null), ("0644", 420), ("0o644", 420),
        ("0x1F", 31),
        ("0b101", 5), ("-0x10", -16), ("1_000", 1000), ("+5", 5), ("007", 7), ("08", 8), ("089", 89),
        ("9223372036854775807", 9_223_372_036_854_775_807), ("-9223372036854775808", .integer(.min)),
        ("18446744073709551615", .number(18_446_744_073_709_551_616)), ("1.5", 1.5), (".5", 0.5), ("1.0", 1),
        ("1e3", 1000), ("1E-2", 0.01), ("-1.25e1", -12.5), ("1:30", "1:30"), ("2026-03-01", "2026-03-01"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z"), ("1.2.3", "1.2.3"), ("10.0.0.1", "10.0.0.1"),
        ("1Gi", "1Gi"), ("'yes'", "yes"), ("\"0644\"", "0644"), ("!!str 12", "12"), ("!!int 12", 12),
        ("!!float 1", 1), ("!!binary aGk=", "hi"), ("!other 12", "12"), ("'~'", "~"), ("+", "+"),
        ("0x", "0x"), ("0xZZ", "0xZZ"), ("1e", "1e"), ("_1", "_1"), ("- ", [.null]),
    ]

    @Test(arguments: scalars) func plainTextHasItsType(_ text: String, _ expected: APIValue) throws {
        #expect(try value("a: \(text.hasPrefix("- ") ? "\n" : "")\(text)")["a"] == expected)
    }

    @Test(arguments: [".inf", "-.Inf", ".nan"]) func whatJSONHasNotIsRefused(_ text: String) throws {
        #expect(throws: DocumentError(line: 2, column: 4, reason: "\(text) cannot be written as JSON")) {
            try value("\na: \(text)")
        }
    }

    @Test func keysBecomeText() throws {
        let expected: APIValue = ["1": "a", "true": "b", "1.5": "c", "x": "d"]
        #expect(try value("{1: a, on: b, 1.5: c, x: d}") == expected)
        #expect(throws: DocumentError(line: 1, column: 2, reason: "a key must not be null")) {
            try value("{~: a}")
        }
    }

    @Test func aliasesAndMergesAreResolved() throws {
        let text = """
            base: &base {a: 1, b: 2}
            more: &more {b: 3, c: 4}
            one: {<<: *base, a: 9}
            two: {<<: [*more, *base]}
            three: [*base, &x hello, *x]
            """
        let value = try value(text)
        #expect(value["one"] == ["a": 9, "b": 2])
        #expect(value["two"] == ["b": 3, "c": 4, "a": 1])
        #expect(value["three"] == [["a": 1, "b": 2], "hello", "hello"])
        #expect(throws: DocumentError(line: 1, column: 9, reason: "only mappings can be merged by '<<'")) {
            try self.value("a: {<<: 1}")
        }
    }

    /// At once: a million times as long would be noticed by whoever waits for the tests.
    @Test func billionLaughsAreRefusedAtOnce() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let uses = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(uses)]\n"
        }
        #expect { try value(text) } throws: {
            ($0 as? DocumentError)?.reason == "aliases make the document many times larger than its text"
        }
        // As keys they would be compared with each other before they are seen here.
        #expect { try value(text + "*a30 : x\n*a29 : y\n") } throws: {
            ($0 as? DocumentError)?.reason == "sequences and mappings that hold aliases cannot be keys"
        }
    }

    @Test(arguments: [
        "a: 1\nb: 2\na: 3", "a: {x: 1, \"x\": 2}", "1: a\n\"1\": b", "yes: a\non: b",
        "{a: 1, <<: {a: 2}, a: 3}",
    ])
    func aKeyTwiceIsRefused(_ text: String) throws {
        #expect { try value(text) } throws: {
            ($0 as? DocumentError)?.reason.hasSuffix("is there twice") == true
        }
        #expect(throws: DocumentError.self) { try APIValue(json: #"{"a":{"b":1,"b":2}}"#) }
    }

    @Test func deepNestingIsRefused() throws {
        for depth in [200, 5000, 100_000] {
            let text = "a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(throws: DocumentError.self) { try value(text) }
        }
        #expect(throws: DocumentError.self) {
            try value(String(repeating: "- ", count: 20_000) + "x")
        }
    }

    @Test func documentsStandAlone() throws {
        let text = """
            # a comment
            ---
            kind: A
            --- # second
            kind: [
            ---
            ---
            # nothing
            ---
            kind: C
            text: |
              ---
              not a separator
            """
        let documents = YAMLDocument.split(text)
        #expect(documents.map(\.number) == [1, 2, 3])
        #expect(documents.map(\.firstLine) == [2, 4, 9])
        #expect(try documents[0].value() == ["kind": "A"])
        #expect { try documents[1].value() } throws: { (($0 as? DocumentError)?.line ?? 0) >= 5 }
        #expect(try documents[2].value()["text"] == "---\nnot a separator")
        #expect(YAMLDocument.split("").isEmpty)
        #expect(YAMLDocument.split("---\n# x\n---\n").isEmpty)
        let directive = YAMLDocument.split("%YAML 1.1\n---\na: 1\n---\nb: 2\n")
        #expect(try directive.map { try $0.value() } == [["a": 1], ["b": 2]])
        #expect(YAMLDocument.split("a: 1\r\n---\r\nb: 2\r\n").count == 2)
    }

    @Test func editorsMarkTheirFiles() throws {
        let mark = "\u{feff}"
        let marked = YAMLDocument.split("\(mark)a: 1\r\nb:\r\n  c: 2\r\n\(mark)---\r\nd: 3\r\ne: 4\r\n")
        #expect(try marked.map { try $0.value() } == [["a": 1, "b": ["c": 2]], ["d": 3, "e": 4]])
        #expect(marked.map(\.firstLine) == [1, 4])
        #expect(marked[0].line(of: FieldPath("b", "c")) == 3)
        #expect(try value("\(mark)---\na: 1\nb: 2\n") == ["a": 1, "b": 2])
        #expect(try value("\(mark)# a comment\na: 1\nb: 2\n") == ["a": 1, "b": 2])
        #expect(try value("\(mark)%YAML 1.1\n---\na: 1\nb: 2\n") == ["a": 1, "b": 2])
        #expect(try value("\(mark){\"a\": 1}") == ["a": 1])
        #expect(YAMLDocument.split("\(mark)\n").isEmpty)
    }

    @Test func objectsOfJSONFollowOneAnother() throws {
        let text = """
            {"a": "}{", "b": ["{", {}]}
            {
              "c": "\\"}{",
              "d": 1
            }{"e": 2}

            ---
            {"f": }
            {"g": [{"h": 3}, {"i": 4}]}
            """
        let documents = YAMLDocument.split(text)
        #expect(documents.map(\.number) == [1, 2, 3, 4, 5])
        #expect(documents.map(\.firstLine) == [1, 2, 5, 7, 9])
        #expect(try documents[0].value() == ["a": "}{", "b": ["{", [:]]])
        #expect(try documents[1].value() == ["c": "\"}{", "d": 1])
        #expect(documents[1].line(of: FieldPath("d")) == 4)
        #expect(try documents[2].value() == ["e": 2])
        #expect(try documents[4].value() == ["g": [["h": 3], ["i": 4]]])
    }

    /// Braces that end nothing.
    @Test(arguments: [
        "{a: '} {'}", "{a: b, # } {\n c: d}", "a: {b: c}\nd: {e: f}", "- {a: b}\n- {c: d}", "{a: b}: {c: d}",
        "a: \"x\n  } {\"", "{a: &x {b: c}, d: *x}", "!!map {a: b}", "---\n{a: b}",
    ])
    func whatIsNoSequenceOfJSONStaysWhole(_ text: String) {
        #expect(YAMLDocument.split(text).map(\.text) == [text])
    }

    @Test func linesOfFields() throws {
        let text = "x: 1\n---\nspec:\n  containers:\n  - name: a\n  - name: b\n    ports:\n    - 1\n"
        let document = YAMLDocument.split(text)[1]
        let containers = FieldPath("spec", "containers")
        #expect(document.line(of: containers) == 4)
        #expect(document.line(of: containers.index(1).field("name")) == 6)
        #expect(document.line(of: containers.index(1).field("ports").index(0)) == 8)
        // What is not there is looked for where it would stand.
        #expect(document.line(of: containers.index(1).field("image")) == 6)
        #expect(
            document.line(of: FieldPath("status", "phase")) == 2
                || document.line(of: FieldPath("status")) == 3)
    }

    @Test func jsonIsYAML() throws {
        let text = "{\n\t\"a\": [1, 2.5, \"x\\n\\u00e9\", null, true],\n\t\"b\": {}\n}"
        let fromYAML = try value(text)
        #expect(fromYAML == (try APIValue(json: text)))
        #expect(String(decoding: fromYAML.json(), as: UTF8.self) == #"{"a":[1,2.5,"x\né",null,true],"b":{}}"#)
    }
}
