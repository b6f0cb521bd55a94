import OCISpec

/// Parts of the specification that this release does not carry out. They are refused: a container without a
/// limit or a protection that its configuration asks for must not run.
enum Unsupported {
    static func check(_ spec: RuntimeSpec) throws {
        guard let linux = spec.linux else { return }
        if linux.intelRdt != nil { throw refusal("linux.intelRdt") }
        if linux.memoryPolicy != nil { throw refusal("linux.memoryPolicy") }
        if !linux.netDevices.isEmpty { throw refusal("linux.netDevices") }
        if let label = linux.mountLabel, !label.isEmpty { throw refusal("linux.mountLabel") }
    }

    static func refusal(_ path: String) -> RuntimeError {
        RuntimeError("config.json: \(path): not supported by this release")
    }
}
