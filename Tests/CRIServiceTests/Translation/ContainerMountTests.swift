import CRIProtocol
import CRIService
import Glibc
import LinuxKernel
import OCISpec
import Testing

@Suite struct ContainerMountTests {
    private func mount(_ container: String, _ host: String) -> CRIMount {
        var mount = CRIMount()
        mount.containerPath = container
        mount.hostPath = host
        return mount
    }

    @Test func whatEveryContainerHas() throws {
        let spec = try TranslationBench().plan().spec
        #expect(
            spec.mounts.map(\.destination) == [
                "/proc", "/dev", "/dev/pts", "/dev/mqueue", "/sys", "/sys/fs/cgroup", "/etc/hostname",
                "/etc/hosts", "/etc/resolv.conf", "/dev/shm",
            ])
        #expect(spec.mount("/dev/shm")?.source == "/run/pod/shm")
        #expect(spec.mount("/etc/resolv.conf")?.source == "/run/pod/resolv.conf")
        #expect(spec.mount("/etc/hosts")?.options == ["rbind", "rprivate", "rw"])
        #expect(spec.linux?.rootfsPropagation == nil)
    }

    @Test func mountsOfTheCRITakeTheirPlaces() throws {
        let bench = try TranslationBench()
        try bench.make("data")
        bench.container.mounts = [
            mount("/srv/a/b", "\(bench.folder)/data"), mount("/srv", "\(bench.folder)/data"),
            mount("/etc/hosts/", "/etc/hosts"), mount("relative", "\(bench.folder)/data"),
        ]
        let mounts = try bench.plan().spec.mounts
        #expect(mounts.filter { $0.destination == "/etc/hosts" }.map(\.source) == ["/etc/hosts"])
        // The outer one first: it would hide the inner one.
        let places = mounts.map(\.destination)
        #expect(
            try #require(places.firstIndex(of: "/srv")) < (try #require(places.firstIndex(of: "/srv/a/b"))))
        #expect(places.contains("/relative"))
        #expect(mounts.last { $0.destination == "/srv" }?.options == ["rbind", "rprivate", "rw"])
    }

    @Test func aDevOfTheCRIComesWithWhatIsInIt() throws {
        let bench = try TranslationBench()
        bench.container.mounts = [mount("/dev", "/dev")]
        #expect(
            try bench.plan().spec.mounts.map(\.destination).filter { $0.hasPrefix("/dev") } == ["/dev"])
    }

    @Test func missingFoldersAreMadeAndLinksFollowed() throws {
        let bench = try TranslationBench()
        bench.container.mounts = [mount("/a", "\(bench.folder)/new/folder")]
        #expect(try bench.plan().spec.mount("/a")?.source == "\(bench.folder)/new/folder")
        #expect(access("\(bench.folder)/new/folder", F_OK) == 0)
        try #require(symlink("new/folder", "\(bench.folder)/link") == 0)
        bench.container.mounts = [mount("/a", "\(bench.folder)/link")]
        #expect(try bench.plan().spec.mount("/a")?.source == "\(bench.folder)/new/folder")
    }

    @Test func readOnly() throws {
        let bench = try TranslationBench()
        bench.container.mounts = [mount("/a", bench.folder)]
        bench.container.mounts[0].readonly = true
        #expect(try bench.plan().spec.mount("/a")?.options == ["rbind", "rprivate", "ro"])
        bench.container.mounts[0].recursiveReadOnly = true
        #expect(try bench.plan().spec.mount("/a")?.options == ["rbind", "rprivate", "rro"])
        bench.container.mounts[0].readonly = false
        #expect(try bench.refusal().description == "config.mounts[0].recursive_read_only: needs readonly")
    }

    @Test func options() throws {
        let bench = try TranslationBench()
        bench.container.mounts = [mount("/a", bench.folder)]
        bench.container.mounts[0].mountOptions = ["noexec", "nosuid"]
        #expect(
            try bench.plan().spec.mount("/a")?.options == ["rbind", "rprivate", "rw", "noexec", "nosuid"])
        for option in ["rw", "remount", "idmap", "size=1", "rshared"] {
            bench.container.mounts[0].mountOptions = ["noexec", option]
            #expect(
                try bench.refusal().description.hasPrefix(
                    "config.mounts[0].mount_options[1]: \(JSONError.quoted(option)) is not one of "))
        }
    }

    @Test(arguments: [
        ("/", "/tmp", "container_path: \"/\" is no place for a mount"),
        ("", "/tmp", "container_path: \"\" is no place for a mount"),
        ("/..", "/tmp", "container_path: \"/..\" is no place for a mount"),
        ("/a", "", "host_path: \"\" is not an absolute path"),
        ("/a", "etc", "host_path: \"etc\" is not an absolute path"),
        ("/a", "/etc/passwd/x", "host_path: /etc/passwd/x: not a directory"),
    ])
    func placesThatAreWrong(_ container: String, _ host: String, _ message: String) throws {
        let bench = try TranslationBench()
        bench.container.mounts = [mount(container, host)]
        #expect(try bench.refusal().description == "config.mounts[0].\(message)")
    }

    @Test func idMappedVolumes() throws {
        let bench = try TranslationBench()
        try bench.useUserNamespace()
        bench.container.mounts = [mount("/a", bench.folder)]
        bench.container.mounts[0].uidMappings = [CRIIDMapping(0, 65536, 65536)]
        #expect(try bench.refusal().description == "config.mounts[0].gidMappings: missing")
        bench.container.mounts[0].gidMappings = [CRIIDMapping(0, 65536, 65536)]
        let mount = try #require(try bench.plan().spec.mount("/a"))
        #expect(mount.uidMappings == [RuntimeSpec.IDMapping(containerID: 0, hostID: 65536, size: 65536)])
        #expect(mount.gidMappings == mount.uidMappings)
    }

    // MARK: Propagation

    @Test func propagationNeedsASharedMount() throws {
        let bench = try TranslationBench()
        try bench.make("volume")
        let volume = "\(bench.folder)/volume"
        try attachNew(on: volume)
        defer { _ = umount2(volume, Int32(MNT_DETACH)) }
        bench.container.mounts = [mount("/a", volume)]
        func with(
            _ wanted: CRIMountPropagation, _ kind: MountPropagation
        ) throws -> (String?, RuntimeSpec.Propagation?) {
            try setPropagation(volume, kind, recursive: false)
            bench.container.mounts[0].propagation = wanted
            let spec = try bench.plan().spec
            return (spec.mount("/a")?.options[1], spec.linux?.rootfsPropagation)
        }
        #expect(try with(.propagationPrivate, .private) == ("rprivate", nil))
        #expect(try with(.propagationHostToContainer, .shared) == ("rslave", .recursiveSlave))
        #expect(try with(.propagationBidirectional, .shared) == ("rshared", .recursiveShared))
        let field = "config.mounts[0].propagation"
        #expect(
            throws: TranslationError(
                .failedPrecondition, field, "BIDIRECTIONAL, but \(volume) does not lie in a shared mount")
        ) { _ = try with(.propagationBidirectional, .private) }
        #expect(
            throws: TranslationError(
                .failedPrecondition, field,
                "HOST_TO_CONTAINER, but \(volume) does not lie in a shared or slave mount")
        ) { _ = try with(.propagationHostToContainer, .private) }
    }

    private func attachNew(on path: String) throws {
        try LinuxKernel.Mount.new(type: "tmpfs", source: "test").attach(
            on: FileDescriptor.open(path, O_PATH | O_DIRECTORY), name: path)
    }

    @Test func mountinfo() throws {
        let table = HostMounts(
            "1 0 8:1 / / rw shared:1 - ext4 /dev/sda rw\n2 1 0:5 / /a rw master:1 propagate_from:2 - tmpfs shared:9 rw\n"
        )
        // The words of a file system are no propagation.
        #expect(try HostMounts("").propagation(of: "/") == HostMounts.Propagation())
        #expect(table.mounts["1"] == HostMounts.Propagation(isShared: true))
        #expect(table.mounts["2"] == HostMounts.Propagation(isSlave: true))
    }

    // MARK: Volumes of the image

    @Test func volumesBeginWithWhatTheImageHas() throws {
        let bench = try TranslationBench()
        try bench.make("root/data")
        try bench.write("root/data/file", "of the image")
        try #require(chmod("\(bench.folder)/root/data", 0o1777) == 0)
        bench.image.volumes = ["/data", "/etc", "/new"]
        bench.container.mounts = [mount("/etc", bench.folder)]
        let spec = try bench.plan().spec
        #expect(spec.mount("/data")?.source == "\(bench.folder)/container/volumes/0")
        #expect(spec.mount("/etc")?.source == bench.folder)
        #expect(try bench.read("container/volumes/0/file") == "of the image")
        #expect(
            try FileDescriptor.open("\(bench.folder)/container/volumes/0", O_PATH).status().st_mode & 0o7777
                == 0o1777)
        #expect(access("\(bench.folder)/container/volumes/2", F_OK) == 0)
    }

    /// CVE-2022-23648: a VOLUME below a link of the image's showed a folder of the node's.
    @Test(arguments: ["/link/secret", "/../../../../../../secret", "/up/secret"])
    func aVolumeBehindALinkShowsNothingOfTheNode(_ path: String) throws {
        let bench = try TranslationBench()
        try bench.make("secret")
        try bench.write("secret/key", "of the node")
        try #require(symlink(bench.folder, "\(bench.folder)/root/link") == 0)
        try #require(symlink("..", "\(bench.folder)/root/up") == 0)
        bench.image.volumes = [path]
        let plan = try bench.plan()
        #expect(plan.spec.mounts.contains { $0.source == "\(bench.folder)/container/volumes/0" })
        #expect(access("\(bench.folder)/container/volumes/0", F_OK) == 0)
        #expect(access("\(bench.folder)/container/volumes/0/key", F_OK) != 0)
    }

    @Test func emptyVolumesBelongToThePodsRoot() throws {
        let bench = try TranslationBench()
        try bench.useUserNamespace()
        bench.image.volumes = ["/new"]
        _ = try bench.plan()
        let status = try FileDescriptor.open("\(bench.folder)/container/volumes/0", O_PATH).status()
        #expect(status.st_uid == 65536)
        #expect(status.st_gid == 65536)
    }

    // MARK: Mounts over /proc

    @Test func nothingIsMountedBelowProc() throws {
        let bench = try TranslationBench()
        try bench.write("file", "x")
        for place in [
            "/proc/sys/kernel/core_pattern", "/proc/1/root", "/proc//self/../1/mem", "/tmp/../proc/kcore",
        ] {
            bench.container.mounts = [mount(place, "\(bench.folder)/file")]
            let refusal = try bench.refusal().description
            #expect(refusal.hasPrefix("config.mounts[0].container_path: /proc/"), "\(refusal)")
            #expect(refusal.hasSuffix(" is inside /proc, where nothing may be mounted"), "\(refusal)")
        }
        bench.container.mounts = [mount("/proc", bench.folder)]
        #expect(try bench.refusal().description.contains("cannot be covered"))
        // As lxcfs needs it.
        bench.container.mounts = [mount("/proc/meminfo", "\(bench.folder)/file"), mount("/proc", "/proc")]
        #expect(try bench.plan().spec.mount("/proc/meminfo")?.source == "\(bench.folder)/file")
    }

    // MARK: Images as mounts

    @Test func imagesAsMounts() throws {
        let bench = try TranslationBench()
        var wanted = mount("/models", "")
        wanted.image.image = "registry.example/models:1"
        wanted.imageSubPath = "v1"
        bench.container.mounts = [wanted]
        let failure = try #require(throws: ImageVolumeFailure.self) { try bench.plan() }
        #expect("\(failure.cause)" == "config.mounts[0].readonly: must be true for an image")
        wanted.readonly = true
        bench.container.mounts = [wanted]
        let plan = try bench.plan()
        let image = try #require(plan.imageMounts.first)
        #expect(image.imageName == "registry.example/models:1")
        #expect(image.place == "\(bench.folder)/container/images/0")
        #expect(image.subPath == "v1")
        #expect(plan.spec.mount("/models")?.source == image.place)
        #expect(plan.spec.mount("/models")?.options == ["rbind", "rprivate", "ro"])

        try bench.make("image")
        try bench.make("image/v1")
        try bench.write("image/v1/weights", "many")
        try image.attach { try OverlayMount(lowers: ["\(bench.folder)/image"]).mount(at: $0) }
        defer { _ = umount2(image.place, Int32(MNT_DETACH)) }
        #expect(try bench.read("container/images/0/weights") == "many")
        #expect(throws: KernelError.self) { try bench.write("container/images/0/weights", "none") }
    }

    @Test func anImageIsNamedByItsReferenceAlone() throws {
        let bench = try TranslationBench()
        var wanted = mount("/models", "")
        wanted.readonly = true
        wanted.image.imageRef = "sha256:0123"
        bench.container.mounts = [wanted]
        #expect(try bench.plan().imageMounts.first?.imageName == "sha256:0123")
        wanted.image.imageRef = ""
        wanted.image.annotations = ["a": "b"]
        bench.container.mounts = [wanted]
        let failure = try #require(throws: ImageVolumeFailure.self) { try bench.plan() }
        #expect("\(failure.cause)" == "config.mounts[0].image.image: must not be empty")
    }

    @Test func aPathInAnImageStaysInIt() throws {
        let bench = try TranslationBench()
        var wanted = mount("/models", "")
        wanted.image.image = "registry.example/models:1"
        wanted.readonly = true
        for path in ["../x", "/etc", "a/../../b"] {
            wanted.imageSubPath = path
            bench.container.mounts = [wanted]
            // It begins with the CRI's word, which the kubelet looks for.
            let failure = #expect(throws: ImageVolumeFailure.self) { try bench.plan() }
            #expect(
                failure?.description
                    == "ImageVolumeMountFailed: config.mounts[0].image_sub_path: \"\(path)\" leads out of the image"
            )
            #expect(failure?.rpcCode == .invalidArgument)
        }
        try bench.make("image")
        try #require(symlink("/etc", "\(bench.folder)/image/link") == 0)
        wanted.imageSubPath = "link"
        bench.container.mounts = [wanted]
        let image = try #require(try bench.plan().imageMounts.first)
        #expect(throws: TranslationError.self) {
            try image.attach { try OverlayMount(lowers: ["\(bench.folder)/image"]).mount(at: $0) }
        }
        // Nothing stays mounted of it.
        #expect(access(image.place, F_OK) == 0 && rmdir(image.place) == 0)
    }

    /// The layers are mapped before they are one: an overlay takes no mapping.
    @Test func imagesForAUserNamespace() throws {
        let bench = try TranslationBench()
        var wanted = mount("/models", "")
        wanted.image.image = "registry.example/models:1"
        wanted.readonly = true
        wanted.imageSubPath = "v1"
        var range = CRIIDMapping()
        (range.hostID, range.length) = (300_000, 65_536)
        (wanted.uidMappings, wanted.gidMappings) = ([range], [range])
        bench.container.mounts = [wanted]
        let plan = try bench.plan()
        let image = try #require(plan.imageMounts.first)
        let ids = RuntimeSpec.IDMapping(containerID: 0, hostID: 300_000, size: 65_536)
        #expect(image.ids == UserMappings(uids: [ids], gids: [ids]))
        #expect(plan.spec.mount("/models")?.uidMappings == [])

        for layer in ["lower", "upper"] {
            try bench.make(layer)
            try bench.make(layer + "/v1")
            try bench.write(layer + "/v1/" + layer, "text")
        }
        let layers = OverlayMount(lowers: ["upper", "lower"].map { "\(bench.folder)/\($0)" })
        let namespace = try makeUserNamespace(uids: "0 300000 65536\n", gids: "0 300000 65536\n")
        try image.attach { place in
            try layers.make(mappedBy: namespace, scratch: place)
                .attach(on: FileDescriptor.open(place, O_PATH | O_DIRECTORY), name: place)
        }
        defer { _ = umount2(image.place, Int32(MNT_DETACH)) }
        for name in ["lower", "upper"] {
            #expect(try FileDescriptor.open("\(image.place)/\(name)", O_PATH).status().st_uid == 300_000)
        }
        #expect(throws: KernelError.self) { try bench.write("container/images/0/new", "none") }
    }

    // MARK: User namespaces

    @Test func sysOfTheNodesNetworkInAUserNamespace() throws {
        let bench = try TranslationBench()
        try bench.useUserNamespace()
        #expect(try bench.plan().spec.mount("/sys")?.type == "sysfs")
        bench.sandboxConfig.linux.securityContext.namespaceOptions.network = .node
        bench.namespaces[.network] = nil
        bench.namespaces[.uts] = nil
        #expect(
            try bench.plan().spec.mount("/sys")?.options == ["rbind", "rro", "nosuid", "noexec", "nodev"])
    }
}
