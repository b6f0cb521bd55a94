import OCISpec

/// `-a` of `run` and `create`: which of a container's standard streams are attached.
public struct AttachOption: Equatable, Sendable {
    public private(set) var input = false
    public private(set) var output = false
    public private(set) var error = false

    /// None of them: it runs in the background.
    public init() {}

    /// - Parameter names: `stdin`, `stdout`, `stderr`; none stands for all of them.
    public init(parsing names: [String]) throws(UsageError) {
        if names.isEmpty { (input, output, error) = (true, true, true) }
        for name in names {
            switch name.lowercasedASCII {
            case "stdin": input = true
            case "stdout": output = true
            case "stderr": error = true
            default:
                throw UsageError("invalid stream '\(name)' of --attach: stdin, stdout and stderr are there")
            }
        }
    }
}

extension AttachOption: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        self.init()
        input = try json.flag("stdin")
        output = try json.flag("stdout")
        error = try json.flag("stderr")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.flag("stdin", input)
            json.flag("stdout", output)
            json.flag("stderr", error)
        }
    }
}
