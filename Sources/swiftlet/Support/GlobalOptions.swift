import ContainerCLI
import Glibc
import LinuxKernel

/// What stands before the command.
struct GlobalOptions {
    /// What was given, for who has another default than the usual one.
    var givenRoot: String?
    var givenState: String?
    /// Where the containers of pods are.
    static let podNamespace = "k8s"

    /// Whose containers the commands see.
    var namespace = "default"
    var debug = false
    var help = false
    var version = false

    /// Where images, containers and volumes are kept.
    var root: String { givenRoot ?? StateLayout.defaultRoot }
    /// Where running containers keep what ends with the boot.
    var state: String { givenState ?? StateLayout.defaultState }
    var layout: StateLayout { StateLayout(root: root, state: state, namespace: namespace) }

    static let text = """
          --root DIR    images, containers and volumes (default \(StateLayout.defaultRoot), SWIFTLET_ROOT)
          --state DIR   what running containers need (default \(StateLayout.defaultState), SWIFTLET_STATE)
          --namespace NAME
                        whose containers: default, or k8s for those of pods
          -D, --debug   say each step with its time (SWIFTLET_DEBUG=1)
          -v, --version
          --help
        """

    /// - Returns: the options, and the words from the command on.
    static func parse(_ arguments: [String]) throws(UsageError) -> (GlobalOptions, [String]) {
        var options = GlobalOptions()
        options.givenRoot = environment("SWIFTLET_ROOT")
        options.givenState = environment("SWIFTLET_STATE")
        if let debug = environment("SWIFTLET_DEBUG"), debug != "0" { options.debug = true }
        var rest = arguments[...]
        while let word = rest.first, word.hasPrefix("-") {
            rest.removeFirst()
            let name = String(word.prefix { $0 != "=" })
            var attached =
                name.utf8.count < word.utf8.count ? String(word[name.endIndex...].dropFirst()) : nil
            func value() throws(UsageError) -> String {
                if let attached { return attached }
                guard let next = rest.popFirst() else { throw UsageError("\(name) needs a value") }
                attached = next
                return next
            }
            func flag() throws(UsageError) -> Bool {
                guard let attached else { return true }
                guard let flag = Bool(parsing: attached) else {
                    throw UsageError("invalid option '\(word)': \(name) is true or false")
                }
                return flag
            }
            switch name {
            case "--root": options.givenRoot = try value()
            case "--state": options.givenState = try value()
            case "--namespace": options.namespace = try Self.namespace(try value())
            case "-D", "--debug": options.debug = try flag()
            case "--help", "-h": options.help = try flag()
            case "-v", "--version": options.version = try flag()
            default: throw UsageError("unknown option '\(word)': see 'swiftlet --help'")
            }
        }
        if options.root.isEmpty || options.state.isEmpty {
            throw UsageError("--root and --state name folders")
        }
        return (options, Array(rest))
    }

    /// It becomes a folder's name, beside those of images and networks.
    private static func namespace(_ name: String) throws(UsageError) -> String {
        let isPlain = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        guard isPlain, 1...64 ~= name.utf8.count, !["images", "network"].contains(name) else {
            throw UsageError("invalid namespace '\(name)': small letters, digits and '-'")
        }
        return name
    }

    private static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
