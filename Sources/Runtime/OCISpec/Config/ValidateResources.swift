extension RuntimeSpec.Resources {
    /// - Parameter path: where the resources stand; empty for a document of its own, as `update` reads.
    /// - Throws: the first error.
    public func validate(at path: String = "") throws(JSONError) {
        func member(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

        for index in devices.indices {
            try check(number: devices[index].major, at: member("devices[\(index)].major"))
            try check(number: devices[index].minor, at: member("devices[\(index)].minor"))
        }
        if let swappiness = memory?.swappiness, swappiness > 100 {
            throw JSONError(
                path: member("memory.swappiness"), reason: "\(swappiness) is out of range, 0 to 100")
        }
        if let idle = cpu?.idle, idle != 0, idle != 1 {
            throw JSONError(path: member("cpu.idle"), reason: "expected 0 or 1, found \(idle)")
        }
        try blockIO?.validate(at: member("blockIO"))
        for index in hugepageLimits.indices where !isPageSize(hugepageLimits[index].pageSize) {
            throw JSONError(
                path: member("hugepageLimits[\(index)].pageSize"),
                reason: "expected a size like 2MB, found \(JSONError.quoted(hugepageLimits[index].pageSize))")
        }
        try checkUnified(at: member("unified"))
    }

    private func check(number: Int64?, at path: @autoclosure () -> String) throws(JSONError) {
        if let number, number < 0 || number > Int64(UInt32.max) {
            throw JSONError(path: path(), reason: "\(number) is not a device number")
        }
    }

    /// Keys become file names in the container's cgroup and must not lead out of it.
    private func checkUnified(at path: String) throws(JSONError) {
        for index in unified.indices {
            let key = unified[index].key
            let isFileName =
                !key.isEmpty && key != "." && key != ".." && !key.utf8.contains(UInt8(ascii: "/"))
            guard isFileName else {
                throw JSONError(path: JSONError.path(path, key), reason: "is not the name of a cgroup file")
            }
        }
    }

    /// As the kernel names hugetlb files: also a part of a file name.
    private func isPageSize(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let unit = bytes.firstIndex(where: { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0) }) else {
            return false
        }
        guard bytes.first != UInt8(ascii: "0"), unit != bytes.startIndex else { return false }
        return switch text[unit...] {
        case "KB", "MB", "GB": true
        default: false
        }
    }
}

extension RuntimeSpec.Resources.BlockIO {
    func validate(at path: String) throws(JSONError) {
        try check(weight: weight, at: "\(path).weight")
        try check(weight: leafWeight, at: "\(path).leafWeight")
        for index in weightDevice.indices {
            let device = weightDevice[index]
            let path = "\(path).weightDevice[\(index)]"
            if device.weight == nil, device.leafWeight == nil {
                throw JSONError(path: "\(path).weight", reason: "missing: this or leafWeight is needed")
            }
            try check(weight: device.weight, at: "\(path).weight")
            try check(weight: device.leafWeight, at: "\(path).leafWeight")
        }
    }

    /// The range of cgroup v1, which the specification has; 0 is "not set".
    private func check(weight: UInt16?, at path: @autoclosure () -> String) throws(JSONError) {
        if let weight, weight != 0, !(10...1000 ~= weight) {
            throw JSONError(path: path(), reason: "\(weight) is out of range, 10 to 1000")
        }
    }
}
