/// What a token is wanted for: `repository:team/app:pull,push` (distribution, token scope documentation).
package struct TokenScope: Hashable, Comparable, CustomStringConvertible {
    /// `repository:team/app`
    package let resource: String
    package let actions: Set<String>

    package static func repository(_ path: String, _ actions: Set<String>) -> TokenScope {
        TokenScope(resource: "repository:\(path)", actions: actions)
    }

    private init(resource: String, actions: Set<String>) {
        self.resource = resource
        self.actions = actions
    }

    /// - Returns: nil for a text without actions.
    package init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        resource = String(text[..<colon])
        actions = Set(String(text[text.index(after: colon)...]).split(separator: ",").map { String($0) })
    }

    package var description: String { "\(resource):\(actions.sorted().joined(separator: ","))" }

    package static func < (left: TokenScope, right: TokenScope) -> Bool {
        left.description < right.description
    }

    /// One scope for each resource, sorted.
    package static func union(_ scopes: [TokenScope]) -> [TokenScope] {
        var actions: [String: Set<String>] = [:]
        for scope in scopes { actions[scope.resource, default: []].formUnion(scope.actions) }
        return actions.map { TokenScope(resource: $0.key, actions: $0.value) }.sorted()
    }
}
