// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// core/v1

package struct HTTPGetAction: APIStructure {
    package var path: String = ""
    package var port: IntOrString = IntOrString()
    package var host: String = ""
    package var scheme: URIScheme = URIScheme()
    package var httpHeaders: [HTTPHeader] = []
    package var `protocol`: HTTPProtocol? = nil

    package init(
        path: String = "",
        port: IntOrString = IntOrString(),
        host: String = "",
        scheme: URIScheme = URIScheme(),
        httpHeaders: [HTTPHeader] = [],
        `protocol`: HTTPProtocol? = nil
    ) {
        self.path = path
        self.port = port
        self.host = host
        self.scheme = scheme
        self.httpHeaders = httpHeaders
        self.`protocol` = `protocol`
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "port": self.port = IntOrString(from: value, at: path, reporting: &problems)
        case "host": self.host = String(from: value, at: path, reporting: &problems)
        case "scheme": self.scheme = URIScheme(from: value, at: path, reporting: &problems)
        case "httpHeaders": self.httpHeaders = [HTTPHeader](from: value, at: path, reporting: &problems)
        case "protocol": self.`protocol` = Optional<HTTPProtocol>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("path", self.path)
        object.put("port", self.port)
        object.putUnlessEmpty("host", self.host)
        object.putUnlessEmpty("scheme", self.scheme)
        object.putUnlessEmpty("httpHeaders", self.httpHeaders)
        object.putUnlessEmpty("protocol", self.`protocol`)
    }
}

package struct HTTPHeader: APIStructure {
    package var name: String = ""
    package var value: String = ""

    package init(
        name: String = "",
        value: String = ""
    ) {
        self.name = name
        self.value = value
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "value": self.value = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("value", self.value)
    }
}

package struct HTTPProtocol: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let http1 = Self(rawValue: "HTTP1")
    package static let http2 = Self(rawValue: "HTTP2")

    /// Those that the API names.
    package static let known: [Self] = [.http1, .http2]
}

package struct HostAlias: APIStructure {
    package var ip: String = ""
    package var hostnames: [String] = []

    package init(
        ip: String = "",
        hostnames: [String] = []
    ) {
        self.ip = ip
        self.hostnames = hostnames
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "ip": self.ip = String(from: value, at: path, reporting: &problems)
        case "hostnames": self.hostnames = [String](from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("ip", self.ip)
        object.putUnlessEmpty("hostnames", self.hostnames)
    }
}

package struct HostIP: APIStructure {
    package var ip: String = ""

    package init(
        ip: String = ""
    ) {
        self.ip = ip
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "ip": self.ip = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("ip", self.ip)
    }
}

package struct HostPathType: APIEnumeration {
    package let rawValue: String
    package init(rawValue: String) { self.rawValue = rawValue }

    package static let unset = Self(rawValue: "")
    package static let directoryOrCreate = Self(rawValue: "DirectoryOrCreate")
    package static let directory = Self(rawValue: "Directory")
    package static let fileOrCreate = Self(rawValue: "FileOrCreate")
    package static let file = Self(rawValue: "File")
    package static let socket = Self(rawValue: "Socket")
    package static let charDevice = Self(rawValue: "CharDevice")
    package static let blockDevice = Self(rawValue: "BlockDevice")

    /// Those that the API names.
    package static let known: [Self] = [.unset, .directoryOrCreate, .directory, .fileOrCreate, .file, .socket, .charDevice, .blockDevice]
}

package struct HostPathVolumeSource: APIStructure {
    package var path: String = ""
    package var type: HostPathType? = nil

    package init(
        path: String = "",
        type: HostPathType? = nil
    ) {
        self.path = path
        self.type = type
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "path": self.path = String(from: value, at: path, reporting: &problems)
        case "type": self.type = Optional<HostPathType>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("path", self.path)
        object.putUnlessEmpty("type", self.type)
    }
}
