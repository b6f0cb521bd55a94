/// The parts of a template.
indirect enum TemplateNode: Equatable, Sendable {
    case text(String)
    case output(TemplatePipeline)
    /// `if`; `$x :=` before its value names that.
    case condition(name: String?, TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    /// `with`: the value becomes the dot.
    case with(name: String?, TemplatePipeline, then: [TemplateNode], otherwise: [TemplateNode])
    case range(
        key: String?, value: String?, TemplatePipeline, body: [TemplateNode], otherwise: [TemplateNode])
    /// `$x := …`, to the end of its block.
    case declare(String, TemplatePipeline)
    /// `$x = …`, of one that is there.
    case assign(String, TemplatePipeline)
}

/// Commands, each of which gets the result of the one before as its last argument.
struct TemplatePipeline: Equatable, Sendable {
    var commands: [[TemplateOperand]]
}

indirect enum TemplateOperand: Equatable, Sendable {
    case value(TemplateValue)
    /// `.A.B`; no names for the dot alone.
    case field([String])
    /// `$x.A`; an empty name for `$`.
    case variable(String, [String])
    case function(String)
    case pipeline(TemplatePipeline, [String])
}

extension TemplateNode {
    func collectFields(_ names: inout Set<String>) {
        switch self {
        case .text: return
        case .output(let pipeline), .declare(_, let pipeline), .assign(_, let pipeline):
            pipeline.collectFields(&names)
        case .condition(_, let pipeline, let then, let otherwise),
            .with(_, let pipeline, let then, let otherwise),
            .range(_, _, let pipeline, let then, let otherwise):
            pipeline.collectFields(&names)
            for node in then + otherwise { node.collectFields(&names) }
        }
    }
}

extension TemplatePipeline {
    fileprivate func collectFields(_ names: inout Set<String>) {
        for operand in commands.joined() {
            switch operand {
            case .field(let path), .variable("", let path): names.formUnion(path.prefix(1))
            case .pipeline(let inner, _): inner.collectFields(&names)
            case .value, .variable, .function: break
            }
        }
    }
}

/// Reads templates in the form of Go's text/template, as docker's users write them.
struct TemplateParser {
    private enum Piece {
        case text(String)
        case action(String)
    }

    private var pieces: [Piece] = []
    private var position = 0

    /// What ends a list of nodes.
    private enum End {
        case end, otherwise(String), all
    }

    static func parse(_ text: String) throws(UsageError) -> [TemplateNode] {
        var parser = TemplateParser()
        try parser.cut(text)
        let (nodes, end) = try parser.nodes()
        guard case .all = end else {
            throw UsageError("--format: '{{end}}' or '{{else}}' without a beginning")
        }
        return nodes
    }

    // MARK: Actions and what is between them

    private mutating func cut(_ text: String) throws(UsageError) {
        var rest = text[...]
        var trims = false
        while let start = rest.place(of: "{{") {
            var before = rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let end = rest.place(of: "}}") else { throw UsageError("--format: '{{' without '}}'") }
            var action = rest[..<end.lowerBound]
            rest = rest[end.upperBound...]
            if trims { before = before.drop(while: \.isWhitespace) }
            if action.hasPrefix("- ") {
                while before.last?.isWhitespace == true { before.removeLast() }
                action = action.dropFirst(2)
            }
            trims = action.hasSuffix(" -")
            if trims { action = action.dropLast(2) }
            if !before.isEmpty { pieces.append(.text(String(before))) }
            if !action.hasPrefix("/*") { pieces.append(.action(String(action))) }
        }
        if trims { rest = rest.drop(while: \.isWhitespace) }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
    }

    private mutating func nodes() throws(UsageError) -> ([TemplateNode], End) {
        var found: [TemplateNode] = []
        while position < pieces.count {
            let piece = pieces[position]
            position += 1
            switch piece {
            case .text(let text): found.append(.text(text))
            case .action(let action):
                var tokens = try TemplateToken.read(action)[...]
                switch tokens.first {
                case .word("end")?: return (found, .end)
                case .word("else")?:
                    return (found, .otherwise(Self.afterKeyword(action)))
                case .word("if")?, .word("with")?, .word("range")?:
                    tokens.removeFirst()
                    found.append(try block(Self.keyword(action), tokens))
                case .variable(let name, [])? where tokens.dropFirst().first == .declare:
                    found.append(.declare(name, try Self.pipeline(tokens.dropFirst(2), action)))
                case .variable(let name, [])? where tokens.dropFirst().first == .assign:
                    found.append(.assign(name, try Self.pipeline(tokens.dropFirst(2), action)))
                default: found.append(.output(try Self.pipeline(tokens, action)))
                }
            }
        }
        return (found, .all)
    }

    private mutating func block(
        _ keyword: String, _ condition: ArraySlice<TemplateToken>
    ) throws(UsageError) -> TemplateNode {
        var condition = condition
        var names: [String] = []
        if let sign = condition.firstIndex(where: { $0 == .declare || $0 == .assign }) {
            for case .variable(let name, []) in condition[..<sign] { names.append(name) }
            guard names.count == sign - condition.startIndex, names.count <= (keyword == "range" ? 2 : 1)
            else {
                throw UsageError("--format: '{{\(keyword)}}' cannot be read")
            }
            condition = condition[(sign + 1)...]
        }
        let pipeline = try Self.pipeline(condition, keyword)
        let (body, end) = try nodes()
        var otherwise: [TemplateNode] = []
        switch end {
        case .end: break
        case .all: throw UsageError("--format: '{{\(keyword)}}' without '{{end}}'")
        case .otherwise(let rest):
            if rest.isEmpty {
                let (nodes, end) = try nodes()
                guard case .end = end else { throw UsageError("--format: '{{else}}' without '{{end}}'") }
                otherwise = nodes
            } else {
                // `else if …` has the end of the `if` before.
                let tokens = try TemplateToken.read(rest).dropFirst()
                otherwise = [try block(Self.keyword(rest), tokens)]
            }
        }
        switch keyword {
        case "if": return .condition(name: names.first, pipeline, then: body, otherwise: otherwise)
        case "with": return .with(name: names.first, pipeline, then: body, otherwise: otherwise)
        default:
            return .range(
                key: names.count > 1 ? names[0] : nil, value: names.last, pipeline, body: body,
                otherwise: otherwise)
        }
    }

    private static func keyword(_ action: String) -> String {
        String(action.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
    }

    private static func afterKeyword(_ action: String) -> String {
        String(action.drop(while: \.isWhitespace).drop { !$0.isWhitespace }.drop(while: \.isWhitespace))
    }

    // MARK: Inside of an action

    private static func pipeline(
        _ tokens: ArraySlice<TemplateToken>, _ action: String
    ) throws(UsageError) -> TemplatePipeline {
        var rest = tokens
        let pipeline = try pipeline(&rest, action)
        if !rest.isEmpty { throw UsageError("--format: unexpected ')' in '{{\(action)}}'") }
        return pipeline
    }

    private static func pipeline(
        _ tokens: inout ArraySlice<TemplateToken>, _ action: String
    ) throws(UsageError) -> TemplatePipeline {
        var commands: [[TemplateOperand]] = [[]]
        while let token = tokens.first, token != .sign(")") {
            tokens.removeFirst()
            switch token {
            case .sign("|"): commands.append([])
            case .sign("("):
                let inner = try pipeline(&tokens, action)
                guard tokens.popFirst() == .sign(")") else {
                    throw UsageError("--format: '(' without ')' in '{{\(action)}}'")
                }
                var members: [String] = []
                if case .member(let names)? = tokens.first {
                    members = names
                    tokens.removeFirst()
                }
                commands[commands.count - 1].append(.pipeline(inner, members))
            case .field(let names): commands[commands.count - 1].append(.field(names))
            case .variable(let name, let names):
                commands[commands.count - 1].append(.variable(name, names))
            case .string(let text): commands[commands.count - 1].append(.value(.string(text)))
            case .number(let text): commands[commands.count - 1].append(.value(.number(text)))
            case .word("true"): commands[commands.count - 1].append(.value(.bool(true)))
            case .word("false"): commands[commands.count - 1].append(.value(.bool(false)))
            case .word("nil"): commands[commands.count - 1].append(.value(.null))
            case .word(let name): commands[commands.count - 1].append(.function(name))
            case .sign, .declare, .assign, .member:
                throw UsageError("--format: '{{\(action)}}' cannot be read")
            }
        }
        if commands.contains(where: \.isEmpty) {
            throw UsageError("--format: something is missing in '{{\(action)}}'")
        }
        return TemplatePipeline(commands: commands)
    }
}
