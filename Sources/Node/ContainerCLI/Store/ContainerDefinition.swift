import CLinux
import ContainerShim
import Glibc
import LinuxKernel
import OCISpec

/// What a container was made as: `container.json`, which is replaced for a new name, and where it is damaged and somebody
/// knows what it said. Its live state is in `status.json`, what the shim has to know in `supervision.json`, what the
/// runtime does in `config.json`.
public struct ContainerDefinition: Equatable, Sendable {
    /// One mount beside those that every container has, as `inspect` shows it.
    public struct MountPoint: Equatable, Sendable {
        public enum Kind: String, JSONWord {
            public static let noun: StaticString = "mount type"
            case bind, volume, tmpfs
        }

        public var kind: Kind
        /// Of a volume.
        public var name: String?
        public var source: String
        public var destination: String
        public var readOnly: Bool
        public var propagation: String

        public init(
            kind: Kind, name: String? = nil, source: String, destination: String, readOnly: Bool,
            propagation: String = ""
        ) {
            self.kind = kind
            self.name = name
            self.source = source
            self.destination = destination
            self.readOnly = readOnly
            self.propagation = propagation
        }
    }

    /// An image that is mounted in the container, beside the one that it is made from.
    public struct VolumeImage: Equatable, Sendable {
        public var imageID: String
        /// As of the container's own.
        public var imageChain: String?

        public init(imageID: String, imageChain: String?) {
            self.imageID = imageID
            self.imageChain = imageChain
        }
    }

    /// 64 hexadecimal digits.
    public var id: String
    public var name: String
    public var created: Timestamp
    /// The image as the user named it.
    public var image: String
    /// Digest of the image's configuration.
    public var imageID: String
    /// The image's unpacked layers, which stay as long as the container; nil for an image without layers.
    public var imageChain: String?
    /// What its writable layer is limited to.
    public var storage: StorageLimit?
    /// Its ids, where it has a user namespace of its own.
    public var userMaps: UserMaps?
    /// `linux/amd64`.
    public var platform: String
    /// The program with its arguments, without the init of `--init`.
    public var command: [String]
    public var labels = SortedMap<String>()
    public var mounts: [MountPoint] = []
    /// They stay in the store as long as the container.
    public var volumeImages: [VolumeImage] = []
    /// Names of the volumes that nobody has named: they belong to this container, and those that share its volumes.
    public var anonymousVolumes: [String] = []
    /// Those whose volumes it shares, as typed, for `inspect`.
    public var volumesFrom: [String] = []

    // What the user chose and config.json does not tell.
    public var network: ContainerRequest.Network = .none
    public var user = ""
    public var attachesInput = false
    /// Which of its streams whoever made it wanted to be attached to, for `inspect`.
    public var attached = AttachOption()
    public var removeAfterwards = false
    public var usesInit = false
    public var privileged = false
    public var addedCapabilities: [String] = []
    public var droppedCapabilities: [String] = []
    public var securityOptions: [String] = []
    /// AppArmor's standard profile, which nobody asked for, was there when it was made.
    public var hasStandardProfile = false

    /// Its file cannot be read: this says what is known without it, so that it can be seen and removed.
    public private(set) var isDamaged = false

    public static let fileName = "container.json"

    public init(
        id: String, name: String, created: Timestamp, image: String, imageID: String, platform: String,
        command: [String]
    ) {
        self.id = id
        self.name = name
        self.created = created
        self.image = image
        self.imageID = imageID
        self.platform = platform
        self.command = command
    }

    /// In place of a file that cannot be read.
    static func damaged(id: String, name: String, created: Timestamp) -> ContainerDefinition {
        var definition = ContainerDefinition(
            id: id, name: name, created: created, image: "<damaged>", imageID: "", platform: "", command: [])
        definition.isDamaged = true
        return definition
    }

    /// The first twelve digits of the id, as tables show it.
    public var shortID: String { String(id.prefix(12)) }

    /// - Returns: nil while the container is being made or removed.
    /// - Throws: `StateFileError` for what is no definition.
    public static func read(in folder: String) throws -> ContainerDefinition? {
        let path = folder + "/" + fileName
        guard let bytes = try FileDescriptor.readFileIfThere(path, limit: 4 << 20, absent: .notDirectory)
        else {
            return nil
        }
        do throws(JSONError) {
            return try ContainerDefinition(json: bytes)
        } catch {
            throw StateFileError(path: path, reason: error)
        }
    }

    /// Makes the container visible: everything else in its folder must be there.
    func write(in folder: String) throws(KernelError) {
        try writeNewFile(folder + "/" + Self.fileName, json(.spaces(2)))
    }

    /// Replaces the file in one step.
    /// - Throws: ENOENT for a container that somebody has removed: it does not come back.
    func replace(in folder: String) throws(KernelError) {
        let (path, new) = (folder + "/" + Self.fileName, folder + "/renamed.json")
        let file = try FileDescriptor.open(new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        defer { unlink(new) }
        try file.writeAll(json(.spaces(2)))
        // An exchange, unlike rename(2), wants the old one to be there.
        let exchange = 2
        _ = try check("replace", path) {
            new.withCString { new in
                path.withCString { path in
                    clinux_syscall(
                        Int(SYS_renameat2), Int(AT_FDCWD), Int(bitPattern: new), Int(AT_FDCWD),
                        Int(bitPattern: path), exchange, 0)
                }
            }
        }
    }
}

extension ContainerDefinition: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        id = try json.required("id")
        name = try json.required("name")
        created = try json.required("created")
        image = try json.required("image")
        imageID = try json.required("imageID")
        imageChain = try json.text("imageChain")
        storage = try json.optional("storage")
        userMaps = try json.optional("userMaps")
        platform = try json.required("platform")
        command = try json.list("command")
        labels = try json.map("labels")
        mounts = try json.list("mounts")
        volumeImages = try json.list("volumeImages")
        anonymousVolumes = try json.list("anonymousVolumes")
        volumesFrom = try json.list("volumesFrom")
        network = try json.required("network")
        user = try json.text("user") ?? ""
        attachesInput = try json.flag("attachesInput")
        attached = try json.optional("attached") ?? AttachOption()
        removeAfterwards = try json.flag("removeAfterwards")
        usesInit = try json.flag("usesInit")
        privileged = try json.flag("privileged")
        addedCapabilities = try json.list("addedCapabilities")
        droppedCapabilities = try json.list("droppedCapabilities")
        securityOptions = try json.list("securityOptions")
        hasStandardProfile = try json.flag("hasStandardProfile")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("created", created)
            json.member("image", image)
            json.member("imageID", imageID)
            json.optional("imageChain", imageChain)
            json.optional("storage", storage)
            json.optional("userMaps", userMaps)
            json.member("platform", platform)
            json.nonEmpty("command", command)
            json.nonEmpty("labels", labels)
            json.nonEmpty("mounts", mounts)
            json.nonEmpty("volumeImages", volumeImages)
            json.nonEmpty("anonymousVolumes", anonymousVolumes)
            json.nonEmpty("volumesFrom", volumesFrom)
            json.member("network", network)
            if !user.isEmpty { json.member("user", user) }
            json.flag("attachesInput", attachesInput)
            if attached != AttachOption() { json.member("attached", attached) }
            json.flag("removeAfterwards", removeAfterwards)
            json.flag("usesInit", usesInit)
            json.flag("privileged", privileged)
            json.nonEmpty("addedCapabilities", addedCapabilities)
            json.nonEmpty("droppedCapabilities", droppedCapabilities)
            json.nonEmpty("securityOptions", securityOptions)
            json.flag("hasStandardProfile", hasStandardProfile)
        }
    }
}

extension ContainerDefinition.VolumeImage: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        imageID = try json.required("imageID")
        imageChain = try json.text("imageChain")
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("imageID", imageID)
            json.optional("imageChain", imageChain)
        }
    }
}

extension ContainerDefinition.MountPoint: JSONDecodable, JSONEncodable {
    public init(from json: JSONValue) throws(JSONError) {
        let json = try json.object()
        kind = try json.required("type")
        name = try json.text("name")
        source = try json.required("source")
        destination = try json.required("destination")
        readOnly = try json.flag("readOnly")
        propagation = try json.text("propagation") ?? ""
    }

    public func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("type", kind)
            json.optional("name", name)
            json.member("source", source)
            json.member("destination", destination)
            json.flag("readOnly", readOnly)
            if !propagation.isEmpty { json.member("propagation", propagation) }
        }
    }
}
