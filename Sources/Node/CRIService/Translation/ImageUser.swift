/// The USER of an image: `user`, `uid`, `user:group` …, as ImageStatus tells it to a kubelet and as containers
/// follow it.
///
/// Digits are a number: were they looked up as a name, an image could list a root by the name 1000, whom a kubelet
/// takes for somebody who is not root.
public struct ImageUser: Equatable, Sendable {
    public enum Principal: Equatable, Sendable {
        case name(String)
        /// Beyond 64 bits: the nearest number, which is refused as well.
        case number(Int64)

        init?(_ text: Substring) {
            if text.isEmpty { return nil }
            var digits = text.utf8[...]
            let isNegative = digits.first == UInt8(ascii: "-")
            if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
            guard !digits.isEmpty, digits.allSatisfy({ 48...57 ~= $0 }) else {
                self = .name(String(text))
                return
            }
            self = .number(Int64(text) ?? (isNegative ? .min : .max))
        }
    }

    /// nil: root.
    public var user: Principal?
    public var group: Principal?

    public init(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        user = parts.first.flatMap(Principal.init)
        group = parts.count > 1 ? Principal(parts[1]) : nil
    }
}
