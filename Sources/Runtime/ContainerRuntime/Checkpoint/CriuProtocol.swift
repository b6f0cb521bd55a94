// criu's remote procedure calls (rpc.proto of criu, installed with it): the numbers of what is used here.

/// An option of a dump or restore; the number is the field's in `criu_opts`.
enum CriuOption: Int {
    case imagesFolder = 1
    case pid = 2
    case leaveRunning = 3
    case externalUnixSockets = 4
    case tcpEstablished = 5
    case evasiveDevices = 6
    case shellJob = 7
    case fileLocks = 8
    case logLevel = 9
    case logFile = 10
    case pageServer = 11
    case notifyScripts = 12
    case root = 13
    case parentImages = 14
    case trackMemory = 15
    case autoDeduplicate = 16
    case workFolder = 17
    case linkRemap = 18
    case externalMount = 23
    case manageCgroups = 24
    case cgroupRoot = 25
    case restoreSibling = 26
    case inheritedDescriptor = 27
    case cgroupsMode = 34
    case external = 37
    case emptyNamespaces = 38
    case joinedNamespace = 39
    case freezeCgroup = 44
    case tcpSkipInFlight = 46
    case lazyPages = 48
    case orphanTerminalMaster = 50
    case configurationFile = 51
    case securityProfile = 53
    case securityMountContext = 63
}

/// `criu_opts`.
struct CriuOptions {
    private(set) var message = WireMessage()

    mutating func set(_ option: CriuOption, _ value: Bool) {
        message.add(option.rawValue, value ? 1 : 0 as UInt64)
    }
    mutating func set(_ option: CriuOption, _ value: Int32) { message.add(option.rawValue, value) }
    mutating func set(_ option: CriuOption, _ value: String) { message.add(option.rawValue, value) }

    /// A message of two strings: `ext_mount_map`, `cgroup_root`, `join_namespace`.
    mutating func add(_ option: CriuOption, _ first: String, _ second: String) {
        var pair = WireMessage()
        pair.add(1, first)
        pair.add(2, second)
        message.add(option.rawValue, pair)
    }

    /// `inherit_fd`: what the images call `key` is a descriptor that the criu process has.
    mutating func inherit(_ key: String, descriptor: Int32) {
        var pair = WireMessage()
        pair.add(1, key)
        pair.add(2, descriptor)
        message.add(CriuOption.inheritedDescriptor.rawValue, pair)
    }

    /// `criu_page_server_info`.
    mutating func setPageServer(address: String, port: Int32) {
        var server = WireMessage()
        server.add(1, address)
        server.add(2, port)
        message.add(CriuOption.pageServer.rawValue, server)
    }
}

/// `criu_features`: what a kernel and criu together may lack.
enum CriuFeature: Int {
    case memoryTracking = 1
    case lazyPages = 2

    var name: String {
        switch self {
        case .memoryTracking: "track changes of memory"
        case .lazyPages: "restore memory lazily"
        }
    }
}

/// `criu_req`.
struct CriuRequest {
    enum Kind: UInt64 {
        case dump = 1
        case restore = 2
        case preDump = 4
        case notify = 6
        case featureCheck = 9
    }

    let kind: Kind
    private var body = WireMessage()

    init(_ kind: Kind, _ options: CriuOptions) {
        self.kind = kind
        body.add(2, options.message)
    }

    init(check feature: CriuFeature) {
        kind = .featureCheck
        var wanted = WireMessage()
        wanted.add(feature.rawValue, 1 as UInt64)
        body.add(5, wanted)
    }

    /// The answer to a notification.
    init(notificationSucceeded: Bool) {
        kind = .notify
        body.add(3, notificationSucceeded ? 1 : 0 as UInt64)
    }

    var bytes: [UInt8] {
        var message = WireMessage()
        message.add(1, kind.rawValue)
        return message.bytes + body.bytes
    }
}

/// `criu_resp`.
struct CriuResponse {
    /// At which point of its work criu is, for `notify`.
    struct Notification {
        var script = ""
        var pid: Int32 = 0
    }

    private(set) var kind: UInt64 = 0
    private(set) var success = false
    private(set) var errno: Int32 = 0
    private(set) var message: String?
    private(set) var notification = Notification()
    private(set) var features: Set<Int> = []

    init(_ bytes: ArraySlice<UInt8>) throws(RuntimeError) {
        var fields = WireReader(bytes)
        while let (field, value) = try fields.next() {
            switch (field, value) {
            case (1, .number(let number)): kind = number
            case (2, .number(let number)): success = number != 0
            case (5, .bytes(let inner)): try readNotification(inner)
            case (7, .number(let number)): errno = Int32(truncatingIfNeeded: number)
            case (8, .bytes(let inner)): try readFeatures(inner)
            case (9, .bytes(let text)): message = String(decoding: text, as: UTF8.self)
            default: continue
            }
        }
    }

    private mutating func readNotification(_ bytes: ArraySlice<UInt8>) throws(RuntimeError) {
        var fields = WireReader(bytes)
        while let (field, value) = try fields.next() {
            switch (field, value) {
            case (1, .bytes(let text)): notification.script = String(decoding: text, as: UTF8.self)
            case (2, .number(let number)): notification.pid = Int32(truncatingIfNeeded: number)
            default: continue
            }
        }
    }

    private mutating func readFeatures(_ bytes: ArraySlice<UInt8>) throws(RuntimeError) {
        var fields = WireReader(bytes)
        while let (field, value) = try fields.next() {
            if case .number(let number) = value, number != 0 { features.insert(field) }
        }
    }
}
