import LinuxKernel
import Testing

@Suite struct BooleanTests {
    @Test func spellings() {
        for word in ["1", "t", "T", "true", "TRUE", "True"] {
            #expect(Bool(parsing: word) == true, "\(word)")
        }
        for word in ["0", "f", "F", "false", "FALSE", "False"] {
            #expect(Bool(parsing: word) == false, "\(word)")
        }
        for word in ["", "tRUE", "yes", "2", " 1", "01"] { #expect(Bool(parsing: word) == nil, "\(word)") }
    }
}
