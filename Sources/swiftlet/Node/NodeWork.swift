/// The node's daemon, behind a seam as `RegistryWork` is: `swiftlet` becomes `swiftlet-node`, which has it.
public protocol NodeWork: Sendable {
    /// Serves the CRI until the process is told to stop.
    func serveCRI(_ order: CRIOrder) throws
    /// The configuration file with every key and its default.
    /// - Parameter isTable: as a table in Markdown instead.
    func defaultConfiguration(isTable: Bool) -> String
    /// - Parameter file: nil: the standard one.
    /// - Returns: what is wrong with a configuration, one line each; or that nothing is.
    func checkConfiguration(_ file: String?) -> (problems: [String], praise: String)
}

/// What the flags of `swiftlet cri` say over the configuration file; nil: nothing.
public struct CRIOrder: Sendable {
    /// The configuration file.
    public var file: String?
    public var root: String?
    public var state: String?
    public var listen: String?
    public var cniFolder: String?
    public var cniPrograms: [String] = []
    public var registryFolder: String?
    public var debug = false
}

extension Context {
    /// The daemon; a program without it becomes the one that has it.
    func nodeWork(for command: String) throws -> any NodeWork {
        if let node { return node }
        try TransferProgram.become(for: command)
    }
}
