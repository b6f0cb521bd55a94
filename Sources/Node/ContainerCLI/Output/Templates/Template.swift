import OCISpec

/// `--format '{{.Names}}: {{.Status}}'`: the part of Go's text/template that docker's users write.
public struct Template: Equatable, Sendable {
    private let nodes: [TemplateNode]

    public init(parsing text: String) throws(UsageError) {
        nodes = try TemplateParser.parse(text)
    }

    /// Names that are looked up in the value itself.
    public var fieldNames: Set<String> {
        var names: Set<String> = []
        for node in nodes { node.collectFields(&names) }
        return names
    }

    /// - Parameter labels: what `.Label "name"` looks in; nil where there is no such thing.
    /// - Throws: for members that the value does not have, and for functions that are not there.
    public func render(
        _ value: TemplateValue, labels: SortedMap<String>? = nil
    ) throws(UsageError) -> String {
        var renderer = TemplateRenderer(root: value)
        if let labels { renderer.label = { labels[$0] ?? "" } }
        try renderer.render(nodes, dot: value)
        return renderer.output
    }

    /// What stands above the columns of a table, as docker has it: the fields' headers, to which functions do nothing, and
    /// a label's name for the label. It ends where something makes no sense of these words.
    public func header(_ header: (_ field: String) -> String) -> String {
        let headers = TemplateValue.object(fieldNames.map { .init($0, .string(header($0))) })
        var renderer = TemplateRenderer(root: headers)
        renderer.isHeader = true
        renderer.label = Self.header(ofLabel:)
        try? renderer.render(nodes, dot: headers)
        return renderer.output
    }

    /// `com.example.some-team` is `some team`.
    private static func header(ofLabel name: String) -> String {
        let last = name.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
        return String(last.map { $0 == "-" || $0 == "_" ? " " : $0 })
    }
}

private struct TemplateRenderer {
    private(set) var output = ""
    /// Those declared last hide others of their name.
    private var variables: [Variable]
    /// What `.Label "name"` is; nil where there is no such thing.
    var label: ((String) -> String)?
    /// The words that it works with stand above columns.
    var isHeader = false

    private typealias Variable = (name: String, value: TemplateValue)

    init(root: TemplateValue) {
        // `$`
        variables = [("", root)]
    }

    mutating func render(_ nodes: [TemplateNode], dot: TemplateValue) throws(UsageError) {
        for node in nodes {
            switch node {
            case .text(let text): output += text
            case .output(let pipeline): output += try evaluate(pipeline, dot).text
            case .declare(let name, let pipeline): variables.append((name, try evaluate(pipeline, dot)))
            case .assign(let name, let pipeline):
                let value = try evaluate(pipeline, dot)
                variables[try place(of: name)].value = value
            case .condition(let name, let pipeline, let then, let otherwise):
                let value = try evaluate(pipeline, dot)
                try renderBlock(value.isTrue ? then : otherwise, dot: dot, [(name, value)])
            case .with(let name, let pipeline, let then, let otherwise):
                let value = try evaluate(pipeline, dot)
                let isTrue = value.isTrue
                try renderBlock(isTrue ? then : otherwise, dot: isTrue ? value : dot, [(name, value)])
            case .range(let key, let name, let pipeline, let body, let otherwise):
                let value = try evaluate(pipeline, dot)
                guard let elements = value.elements else {
                    throw UsageError("--format: range over \(value.text), which is no list")
                }
                for element in elements {
                    try renderBlock(body, dot: element.value, [(key, element.key), (name, element.value)])
                }
                if elements.isEmpty { try renderBlock(otherwise, dot: dot, []) }
            }
        }
    }

    /// What is declared in a block is gone at its end.
    private mutating func renderBlock(
        _ nodes: [TemplateNode], dot: TemplateValue, _ named: [(name: String?, value: TemplateValue)]
    ) throws(UsageError) {
        let outside = variables.count
        defer { variables.removeSubrange(outside...) }
        for case (let name?, let value) in named { variables.append((name, value)) }
        try render(nodes, dot: dot)
    }

    private func place(of name: String) throws(UsageError) -> Int {
        guard let place = variables.lastIndex(where: { $0.name == name }) else {
            throw UsageError("--format: there is no $\(name)")
        }
        return place
    }

    // MARK: Values

    private func evaluate(_ pipeline: TemplatePipeline, _ dot: TemplateValue) throws(UsageError)
        -> TemplateValue
    {
        var last: TemplateValue?
        for command in pipeline.commands {
            var arguments: [TemplateValue] = []
            for operand in command.dropFirst() { arguments.append(try evaluate(operand, dot)) }
            if let last { arguments.append(last) }
            switch command[0] {
            case .function(let name) where isHeader && TemplateFunctions.leaveHeaders.contains(name):
                last = arguments.first
            case .function(let name): last = try TemplateFunctions.call(name, arguments)
            case let operand where arguments.isEmpty: last = try evaluate(operand, dot)
            case .field(["Label"]), .variable("", ["Label"]):
                guard let label, arguments.count == 1 else { throw Self.noFunction }
                last = .string(label(arguments[0].text))
            default: throw Self.noFunction
            }
        }
        return last ?? .null
    }

    private static var noFunction: UsageError {
        UsageError("--format: what takes an argument is no function")
    }

    private func evaluate(_ operand: TemplateOperand, _ dot: TemplateValue) throws(UsageError)
        -> TemplateValue
    {
        switch operand {
        case .value(let value): return value
        case .field(let names): return try Self.descend(dot, names)
        case .variable(let name, let names):
            return try Self.descend(variables[try place(of: name)].value, names)
        case .pipeline(let inner, let names): return try Self.descend(try evaluate(inner, dot), names)
        case .function(let name): return try TemplateFunctions.call(name, [])
        }
    }

    private static func descend(_ value: TemplateValue, _ names: [String]) throws(UsageError) -> TemplateValue
    {
        var value = value
        for (index, name) in names.enumerated() {
            guard let next = value.member(name) else {
                throw UsageError("--format: there is no .\(names[...index].joined(separator: "."))")
            }
            value = next
        }
        return value
    }
}
