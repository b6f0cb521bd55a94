// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct GCEPersistentDiskVolumeSource: APIStructure {
    package var pdName: String = ""
    package var fsType: String = ""
    package var partition: Int32 = 0
    package var readOnly: Bool = false

    package init(
        pdName: String = "",
        fsType: String = "",
        partition: Int32 = 0,
        readOnly: Bool = false
    ) {
        self.pdName = pdName
        self.fsType = fsType
        self.partition = partition
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "pdName": self.pdName = String(from: value, at: path, reporting: &problems)
        case "fsType": self.fsType = String(from: value, at: path, reporting: &problems)
        case "partition": self.partition = Int32(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("pdName", self.pdName)
        object.putUnlessEmpty("fsType", self.fsType)
        object.putUnlessEmpty("partition", self.partition)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}

package struct GRPCAction: APIStructure {
    package var port: Int32 = 0
    package var service: String? = nil
    package var mode: GRPCProbeMode? = nil

    package init(
        port: Int32 = 0,
        service: String? = nil,
        mode: GRPCProbeMode? = nil
    ) {
        self.port = port
        self.service = service
        self.mode = mode
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "port": self.port = Int32(from: value, at: path, reporting: &problems)
        case "service": self.service = Optional<String>(from: value, at: path, reporting: &problems)
        case "mode": self.mode = Optional<GRPCProbeMode>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("port", self.port)
        object.putUnlessEmpty("service", self.service)
        object.putUnlessEmpty("mode", self.mode)
    }
}

package struct GRPCProbeMode: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let plaintext = Self(rawValue: "Plaintext")
    package static let tls = Self(rawValue: "TLS")

    /// Those that the API names.
    package static let known: [Self] = [.plaintext, .tls]
}

package struct GitRepoVolumeSource: APIStructure {
    package var repository: String = ""
    package var revision: String = ""
    package var directory: String = ""

    package init(
        repository: String = "",
        revision: String = "",
        directory: String = ""
    ) {
        self.repository = repository
        self.revision = revision
        self.directory = directory
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "repository": self.repository = String(from: value, at: path, reporting: &problems)
        case "revision": self.revision = String(from: value, at: path, reporting: &problems)
        case "directory": self.directory = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("repository", self.repository)
        object.putUnlessEmpty("revision", self.revision)
        object.putUnlessEmpty("directory", self.directory)
    }
}

package struct GlusterfsPersistentVolumeSource: APIStructure {
    package var endpoints: String = ""
    package var path: String = ""
    package var readOnly: Bool = false
    package var endpointsNamespace: String? = nil

    package init(
        endpoints: String = "",
        path: String = "",
        readOnly: Bool = false,
        endpointsNamespace: String? = nil
    ) {
        self.endpoints = endpoints
        self.path = path
        self.readOnly = readOnly
        self.endpointsNamespace = endpointsNamespace
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "endpoints": self.endpoints = String(from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        case "endpointsNamespace": self.endpointsNamespace = Optional<String>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("endpoints", self.endpoints)
        object.put("path", self.path)
        object.putUnlessEmpty("readOnly", self.readOnly)
        object.putUnlessEmpty("endpointsNamespace", self.endpointsNamespace)
    }
}

package struct GlusterfsVolumeSource: APIStructure {
    package var endpoints: String = ""
    package var path: String = ""
    package var readOnly: Bool = false

    package init(
        endpoints: String = "",
        path: String = "",
        readOnly: Bool = false
    ) {
        self.endpoints = endpoints
        self.path = path
        self.readOnly = readOnly
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "endpoints": self.endpoints = String(from: value, at: path, reporting: &problems)
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "readOnly": self.readOnly = Bool(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("endpoints", self.endpoints)
        object.put("path", self.path)
        object.putUnlessEmpty("readOnly", self.readOnly)
    }
}
