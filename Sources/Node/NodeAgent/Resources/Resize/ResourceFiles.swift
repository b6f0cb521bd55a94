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
    func allocated() throws(KernelError) -> AllocatedResources? {
        // Files are replaced as a whole; one that cannot be read is not ours, and the pod is looked at anew.
        try json(allocatedFile).flatMap { AllocatedResources($0) }
    }

    func write(_ allocated: AllocatedResources) throws(KernelError) {
        try AgentFiles.makeFolder(folder, mode: 0o750)
        try AgentFiles.replace(allocatedFile, text(allocated.json), mode: 0o600)
    }

    // MARK: What its containers were changed to

    /// By container id: those that were changed since they were made.
    func actual() throws(KernelError) -> [String: ActualResources] {
        let members = try json(actualFile)?.object?.members ?? []
        return Dictionary(
            members.compactMap { member in ActualResources(member.value).map { (member.name, $0) } },
            uniquingKeysWith: { $1 })
    }

    func write(_ actual: [String: ActualResources]) throws(KernelError) {
        var object = APIObject()
        for (id, resources) in actual.sorted(by: { $0.key < $1.key }) { object[id] = resources.json }
        try AgentFiles.replace(actualFile, text(.object(object)), mode: 0o600)
    }

    private func json(_ file: String) throws(KernelError) -> APIValue? {
        guard let text = try AgentFiles.text(of: file) else { return nil }
        return try? APIValue(json: text)
    }

    private func text(_ value: APIValue) -> String { String(decoding: value.json(), as: UTF8.self) }
}
