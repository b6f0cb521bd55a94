import CRIService
import Glibc
import NIOCore
import NodeAgent
import SwiftletCommands

/// The node's daemon for the command line.
struct Node: NodeWork {
    func serveCRI(_ order: CRIOrder) throws {
        // One thread for all connections, and few for what blocks: a daemon that waits is to take little memory.
        NIOSingletons.groupLoopCountSuggestion = 1
        NIOSingletons.blockingPoolThreadCountSuggestion = 4
        let source = Self.source(order)
        try waiting { try await CRIDaemon.run(source) }
    }

    static func source(
        _ order: CRIOrder, isAgent: Bool = false, oomScore: Int? = nil, keepsFileLimit: Bool = false
    )
        -> ConfigurationSource
    {
        ConfigurationSource(file: order.file) { configuration in
            if let root = order.root { configuration.root = root }
            if let state = order.state { configuration.state = state }
            if let listen = order.listen { configuration.listen = listen }
            if let folder = order.cniFolder { configuration.cni.configurationFolder = folder }
            if !order.cniPrograms.isEmpty { configuration.cni.programFolders = order.cniPrograms }
            if let folder = order.registryFolder { configuration.registry.certificateFolders = [folder] }
            configuration.keepsFileLimit = keepsFileLimit
            if let oomScore { configuration.oomScoreAdjustment = oomScore }
            if order.debug { configuration.log.level = .debug }
            // A node without a cluster has the network that needs no configuration.
            if isAgent, configuration.network == .auto { configuration.network = .builtin }
        }
    }

    func defaultConfiguration(isTable: Bool) -> String {
        isTable ? ConfigurationText.documentation : ConfigurationText.defaultFile
    }

    func checkConfiguration(_ file: String?) -> (problems: [String], praise: String) {
        let path = file ?? CRIConfiguration.standardFile
        if KubeletFile.isOne(path) { return Self.checkKubelet(path) }
        do {
            _ = try CRIConfiguration.read(file, reading: .all)
            let isThere = access(path, F_OK) == 0
            return ([], isThere ? "\(path): good" : "\(path) is not there: every key has its default")
        } catch {
            return (error.problems.map(\.description), "")
        }
    }

    /// A KubeletConfiguration, which `swiftlet agent` reads.
    private static func checkKubelet(_ path: String) -> (problems: [String], praise: String) {
        do {
            let file = try KubeletFile(file: path, folder: nil)
            let warnings = try file.checked().warnings.map { "warning: \($0)\n" }.joined()
            return ([], "\(warnings)\(path): good")
        } catch {
            return (error.lines, "")
        }
    }
}
