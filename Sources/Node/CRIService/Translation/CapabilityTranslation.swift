import CRIProtocol
import ContainerCLI
import OCISpec

/// Capabilities of a container.
struct CapabilityTranslation: Equatable {
    /// By `CAP_` names, each once.
    var names: [String]
    var ambient: [String] = []
    var warnings: [String] = []

    /// - Parameter available: what can be given: `ALL` means these.
    init(_ context: CRILinuxContainerSecurityContext, available: [String]) throws(TranslationError) {
        let wanted = context.capabilities
        let field = "config.linux.security_context.capabilities"
        if context.privileged {
            names = available
            return
        }
        let add = try Self.names(wanted.addCapabilities, field + ".add_capabilities")
        let drop = try Self.names(wanted.dropCapabilities, field + ".drop_capabilities")
        ambient = try Self.names(wanted.addAmbientCapabilities, field + ".add_ambient_capabilities")
        if ambient.contains("ALL") {
            throw .invalid(field + ".add_ambient_capabilities", "ALL is not possible, name them")
        }
        // In this order, as with containerd: ALL of both makes none, and what is named in both is dropped.
        var set = add.contains("ALL") ? available : CapabilityOption.standard
        if drop.contains("ALL") { set = [] }
        set += add.filter { $0 != "ALL" }
        set.removeAll { drop.contains($0) }
        set += ambient
        names = []
        for name in set where !names.contains(name) { names.append(name) }
        // Docker's fourteen may be more than a nested runtime has; a word about it is due for what was asked for.
        let lacking = names.filter { !available.contains($0) }
        names.removeAll { lacking.contains($0) }
        let missed = lacking.filter { add.contains($0) || ambient.contains($0) }
        ambient.removeAll { lacking.contains($0) }
        if !missed.isEmpty {
            warnings.append("\(field): this node cannot give \(missed.joined(separator: " "))")
        }
    }

    /// With or without `CAP_`, in whatever case.
    private static func names(_ words: [String], _ field: String) throws(TranslationError) -> [String] {
        var names: [String] = []
        for (index, word) in words.enumerated() {
            let upper = String(decoding: word.utf8.map { 97...122 ~= $0 ? $0 - 32 : $0 }, as: UTF8.self)
            let name = upper == "ALL" || upper.hasPrefix("CAP_") ? upper : "CAP_" + upper
            guard name == "ALL" || CapabilityOption.all.contains(name) else {
                throw .invalid("\(field)[\(index)]", "unknown capability \(JSONError.quoted(word))")
            }
            names.append(name)
        }
        return names
    }

    /// Other users than root hold none from the start, as execve(2) would leave them, but the ambient ones.
    /// No inheritable ones beside: they would outlive a change of the user (CVE-2022-24769).
    func sets(uid: UInt32) -> RuntimeSpec.Capabilities {
        var sets = RuntimeSpec.Capabilities()
        sets.bounding = names
        sets.permitted = uid == 0 ? names : ambient
        sets.effective = sets.permitted
        sets.inheritable = ambient
        sets.ambient = ambient
        return sets
    }
}
