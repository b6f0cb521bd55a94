import KubernetesAPI
import LinuxKernel

/// What is remembered of a pod's resources, in its folder: gone with it, and found by the next agent.
struct ResourceFiles {
    /// The pod's folder.
    let folder: String

    private var allocatedFile: String { folder + "/allocated-resources.json" }
    private var actualFile: String { folder + "/actual-resources.json" }

    // MARK: What the pod was given

    /// - Returns: nil when nothing was written yet.
    /// - Throws: for a file that is damaged, too; files are replaced as a whole, so it was not this agent.
    func allocated() throws -> AllocatedResources? {
        guard let value = try json(allocatedFile) else { return nil }
        guard let resources = AllocatedResources(value) else { throw DamagedFile(path: allocatedFile) }
        return resources
    }

    func write(_ allocated: AllocatedResources) throws(KernelError) {
        try AgentFiles.makeFolder(folder, mode: 0o750)
        try AgentFiles.replace(allocatedFile, text(allocated.json), mode: 0o600)
    }

    // MARK: What its containers were changed to

    /// By container id: those that were changed since they were made.
    func actual() throws -> [String: ActualResources] {
        guard let value = try json(actualFile) else { return [:] }
        guard let members = value.object?.members else { throw DamagedFile(path: actualFile) }
        return try Dictionary(
            members.map { member in
                guard let resources = ActualResources(member.value) else {
                    throw DamagedFile(path: actualFile)
                }
                return (member.name, resources)
            }, uniquingKeysWith: { $1 })
    }

    func write(_ actual: [String: ActualResources]) throws(KernelError) {
        var object = APIObject()
        for (id, resources) in actual.sorted(by: { $0.key < $1.key }) { object[id] = resources.json }
        try AgentFiles.replace(actualFile, text(.object(object)), mode: 0o600)
    }

    private func json(_ file: String) throws -> APIValue? {
        guard let text = try AgentFiles.text(of: file) else { return nil }
        do {
            return try APIValue(json: text)
        } catch {
            throw DamagedFile(path: file)
        }
    }

    private func text(_ value: APIValue) -> String { String(decoding: value.json(), as: UTF8.self) }
}

/// A file of the agent's own that says nothing it would have written.
struct DamagedFile: Error, CustomStringConvertible {
    let path: String

    var description: String { "\(path) is damaged" }
}
