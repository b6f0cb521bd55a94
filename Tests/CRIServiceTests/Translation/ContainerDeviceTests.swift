import CRIProtocol
import CRIService
import Glibc
import LinuxKernel
import OCISpec
import Testing

@Suite struct ContainerDeviceTests {
    private func device(_ host: String, _ container: String, _ permissions: String) -> CRIDevice {
        var device = CRIDevice()
        device.hostPath = host
        device.containerPath = container
        device.permissions = permissions
        return device
    }

    private static let null = RuntimeSpec.DeviceRule(
        allow: true, type: .character, major: 1, minor: 3, access: [.read, .write])

    @Test func nodesAndTheirRules() throws {
        let bench = try TranslationBench()
        try #require(symlink("/dev/null", "\(bench.folder)/link") == 0)
        bench.container.devices = [
            device("\(bench.folder)/link", "/dev/nothing", "rw"), device("/dev/zero", "", ""),
        ]
        let linux = try #require(try bench.plan().spec.linux)
        #expect(linux.devices.map(\.path) == ["/dev/nothing", "/dev/zero"])
        #expect(linux.devices.map(\.minor) == [3, 5])
        #expect(
            linux.resources?.devices == [
                RuntimeSpec.DeviceRule(allow: false), Self.null,
                RuntimeSpec.DeviceRule(allow: true, type: .character, major: 1, minor: 5),
            ])
    }

    /// Its root makes no nodes: the runtime binds those that have the same name on the host, and is told of the others.
    @Test func nodesOfAnotherNameInAUserNamespace() throws {
        let bench = try TranslationBench()
        try bench.useUserNamespace()
        bench.container.devices = [device("/dev/null", "/dev/nothing", "rw"), device("/dev/zero", "", "")]
        let spec = try bench.plan().spec
        #expect(spec.linux?.devices.map(\.path) == ["/dev/zero"])
        #expect(spec.linux?.resources?.devices.contains(Self.null) == true)
        let bound = try #require(spec.mount("/dev/nothing"))
        #expect(bound.source == "/dev/null" && bound.type == "bind" && !bound.options.contains("nodev"))
        // In /dev, which is mounted before.
        let places = spec.mounts.map(\.destination)
        #expect(places.firstIndex(of: "/dev")! < places.firstIndex(of: "/dev/nothing")!)
    }

    @Test func foldersOfDevices() throws {
        let bench = try TranslationBench()
        try bench.make("devices")
        try bench.make("devices/inner")
        try bench.write("devices/file", "no device")
        for (name, minor) in [("a", 3), ("inner/b", 5)] {
            try #require(
                mknod("\(bench.folder)/devices/\(name)", S_IFCHR | 0o666, makedev(1, UInt32(minor))) == 0)
        }
        bench.container.devices = [device("\(bench.folder)/devices", "/dev/x", "r")]
        let linux = try #require(try bench.plan().spec.linux)
        #expect(linux.devices.map(\.path) == ["/dev/x/a", "/dev/x/inner/b"])
        #expect(linux.resources?.devices.dropFirst().allSatisfy { $0.access == .read } == true)
    }

    private func makedev(_ major: UInt32, _ minor: UInt32) -> dev_t { dev_t(major) << 8 | dev_t(minor) }

    @Test(arguments: [
        ("dev/null", "/a", "rw", "host_path: \"dev/null\" is not an absolute path"),
        ("/dev/null", "a", "rw", "container_path: \"a\" is not an absolute path"),
        ("/dev/null", "/a/../b", "rw", "container_path: \"/a/../b\" is not an absolute path"),
        ("/dev/null", "/a", "rx", "permissions: expected letters of rwm, found \"rx\""),
        ("/dev/nowhere", "/a", "rw", "host_path: /dev/nowhere: no such file or directory"),
        ("/etc/passwd", "/a", "rw", "host_path: device /etc/passwd: not a device"),
    ])
    func devicesThatAreWrong(_ host: String, _ inside: String, _ access: String, _ message: String) throws {
        let bench = try TranslationBench()
        bench.container.devices = [device(host, inside, access)]
        #expect(try bench.refusal().description == "config.devices[0].\(message)")
    }
}

@Suite struct CDITests {
    private static let specification = #"""
        {"cdiVersion": "0.8.0", "kind": "vendor.com/gpu",
         "containerEdits": {"env": ["DRIVER=1"], "hooks": [
            {"hookName": "createContainer", "path": "/usr/bin/setup", "args": ["setup", "-v"], "timeout": 5}]},
         "devices": [
           {"name": "0", "containerEdits": {
              "env": ["GPU=0"], "additionalGids": [44, 0],
              "deviceNodes": [{"path": "/dev/gpu0", "hostPath": "/dev/null", "permissions": "rw"},
                              {"path": "/dev/gpuctl", "type": "c", "major": 195, "minor": 255, "fileMode": 438}],
              "mounts": [{"hostPath": "/usr/lib/gpu.so", "containerPath": "/usr/lib/gpu.so",
                          "options": ["ro", "nosuid", "nodev", "bind"]}]}},
           {"name": "all", "containerEdits": {"env": ["GPU=all"]}}]}
        """#

    private func bench(_ names: [String] = []) throws -> TranslationBench {
        let bench = try TranslationBench()
        try bench.make("cdi")
        try bench.make("cdi-run")
        bench.container.cdiDevices = names.map {
            var device = CRICDIDevice()
            device.name = $0
            return device
        }
        return bench
    }

    @Test func editsOfADevice() throws {
        let bench = try bench(["vendor.com/gpu=0", "vendor.com/gpu=0"])
        try bench.write("cdi/gpu.json", Self.specification)
        bench.container.linux.securityContext.runAsUser.value = 1000
        let spec = try bench.plan().spec
        #expect(spec.process?.env.suffix(2) == ["GPU=0", "DRIVER=1"])
        #expect(spec.process?.user.additionalGids.contains(44) == true)
        #expect(spec.process?.user.additionalGids.contains(0) == false)
        let devices = try #require(spec.linux?.devices)
        #expect(devices.map(\.path) == ["/dev/gpu0", "/dev/gpuctl"])
        #expect(devices[0].minor == 3)
        #expect(devices[0].uid == 1000)
        #expect(devices[1].major == 195)
        #expect(devices[1].fileMode == 438)
        #expect(
            spec.linux?.resources?.devices == [
                RuntimeSpec.DeviceRule(allow: false),
                RuntimeSpec.DeviceRule(
                    allow: true, type: .character, major: 1, minor: 3, access: [.read, .write]),
                RuntimeSpec.DeviceRule(allow: true, type: .character, major: 195, minor: 255),
            ])
        #expect(spec.mount("/usr/lib/gpu.so")?.options == ["ro", "nosuid", "nodev", "bind"])
        #expect(
            spec.hooks.createContainer
                == [RuntimeSpec.Hook(path: "/usr/bin/setup", args: ["setup", "-v"], timeout: 5)])
    }

    /// As `nvidia-ctk cdi generate` writes it: the same edits as those of the JSON file.
    @Test(arguments: ["yaml", "yml"])
    func editsOfADeviceInYAML(_ suffix: String) throws {
        let json = try bench(["vendor.com/gpu=0"])
        try json.write("cdi/gpu.json", Self.specification)
        let yaml = try bench(["vendor.com/gpu=0"])
        try yaml.write(
            "cdi/gpu.\(suffix)",
            """
            ---
            cdiVersion: 0.6.0
            kind: vendor.com/gpu
            devices:
            - name: "0"
              containerEdits:
                env:
                - GPU=0
                deviceNodes:
                - path: /dev/gpu0
                  hostPath: /dev/null
                  permissions: rw
                - path: /dev/gpuctl
                  type: c
                  major: 195
                  minor: 0xff
                  fileMode: 0666 # octal, as Go's libraries have it
                hooks:
                - {hookName: createContainer, path: /usr/bin/setup, args: [setup, -v], timeout: 5}
                additionalGids: [44, 0]
            containerEdits:
              env: ["DRIVER=1"]
              mounts:
              - hostPath: /usr/lib/gpu.so
                containerPath: /usr/lib/gpu.so
                options: [ro, nosuid, nodev, bind]
            """)
        let (one, other) = (try json.plan().spec, try yaml.plan().spec)
        #expect(one.process?.env == other.process?.env)
        #expect(one.process?.user == other.process?.user)
        #expect(one.linux?.devices == other.linux?.devices)
        #expect(one.linux?.resources?.devices == other.linux?.resources?.devices)
        #expect(one.mount("/usr/lib/gpu.so") == other.mount("/usr/lib/gpu.so"))
        #expect(one.hooks.createContainer == other.hooks.createContainer)
    }

    @Test func devicesByAnnotations() throws {
        let bench = try bench()
        try bench.write("cdi/gpu.json", Self.specification)
        bench.container.annotations = ["cdi.k8s.io/plugin_0": "vendor.com/gpu=0,vendor.com/gpu=all"]
        let spec = try bench.plan().spec
        #expect(spec.process?.env.contains("GPU=all") == true)
        #expect(spec.hooks.createContainer.count == 1)
    }

    @Test func aLaterFolderWins() throws {
        let bench = try bench(["vendor.com/gpu=0"])
        try bench.write("cdi/gpu.json", Self.specification)
        try bench.write(
            "cdi-run/gpu.json",
            #"{"cdiVersion": "0.6.0", "kind": "vendor.com/gpu", "devices": [{"name": "0", "containerEdits": {"env": ["GPU=new"]}}]}"#
        )
        let spec = try bench.plan().spec
        #expect(spec.process?.env.last == "GPU=new")
        #expect(spec.linux?.devices.isEmpty == true)
    }

    @Test func twoFilesOfOneFolderContradict() throws {
        let bench = try bench(["vendor.com/gpu=0"])
        try bench.write("cdi/a.json", Self.specification)
        try bench.write("cdi/b.json", Self.specification)
        #expect(
            try bench.refusal()
                == TranslationError(
                    .failedPrecondition, "config.CDI_devices[0].name",
                    "two files in \(bench.folder)/cdi describe the device vendor.com/gpu=0"))
    }

    @Test func devicesThatAreNotThere() throws {
        let bench = try bench(["vendor.com/gpu=0"])
        #expect(
            try bench.refusal()
                == TranslationError(
                    .notFound, "config.CDI_devices[0].name", "no file describes the device vendor.com/gpu=0"))
        try bench.write("cdi/gpu.yaml", "kind: vendor.com/gpu\n")
        #expect(try bench.refusal().reason.contains("\(bench.folder)/cdi/gpu.yaml: cdiVersion: missing"))
        try bench.write("cdi/gpu.yaml", "kind: [vendor.com/gpu\n")
        #expect(try bench.refusal().reason.contains("\(bench.folder)/cdi/gpu.yaml: no YAML: "))
        #expect(try !bench.refusal().reason.contains("\n"))
        try bench.write("cdi/broken.json", "{")
        #expect(try bench.refusal().reason.contains("\(bench.folder)/cdi/broken.json: line 1"))
    }

    @Test(arguments: [
        "gpu=0", "vendor.com/gpu", "vendor.com/gpu=", "vendor.com/a/b=0", "/gpu=0", "1vendor/gpu=0",
    ])
    func namesThatAreNone(_ name: String) throws {
        #expect(
            try bench([name]).refusal().description
                == "config.CDI_devices[0].name: \(JSONError.quoted(name)) is not a device like vendor.com/class=name"
        )
    }
}
