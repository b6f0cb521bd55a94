import Dispatch
import Glibc
import LinuxKernel
import OCISpec
import PodNetwork
import Testing

/// The client of the Container Network Interface, with Debian's plugins and with plugins that misbehave.
@Suite struct CNITests {
    let host: TestHost
    let plugins: String
    let configurations: String

    init() throws {
        host = try TestHost(nil)
        plugins = host.folder + "/plugins"
        configurations = host.folder + "/net.d"
        for folder in [plugins, configurations] { try #require(mkdir(folder, 0o700) == 0) }
    }

    private func client(_ folders: [String]? = nil, timeout: Int = 20_000) -> CNIClient {
        CNIClient(
            pluginFolders: folders ?? [plugins, "/usr/lib/cni"], cacheFolder: host.folder + "/cache",
            timeout: timeout)
    }

    private func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws {
        let path = name.hasPrefix("/") ? name : configurations + "/" + name
        unlink(path)
        try FileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: mode).writeAll(text)
    }

    private func network(_ text: String, _ name: String = "10-test.conflist") throws -> NetworkList {
        try write(name, text)
        var folder = ConfigurationFolder(path: configurations)
        return try folder.network()
    }

    /// A plugin of a test's own: a shell script. `$log` gets a line for each call, and the requests.
    private func plugin(_ name: String, _ script: String) throws {
        try write(
            plugins + "/" + name,
            "#!/bin/sh\nlog=\(host.folder)/log\nrequest=$(cat)\necho \"\(name) $CNI_COMMAND\" >> $log\necho \"$request\" > $log.\(name).$CNI_COMMAND\n"
                + script, mode: 0o700)
    }

    private var log: [String] {
        guard let bytes = try? FileDescriptor.readFile(host.folder + "/log") else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func request(_ plugin: String, _ command: String) throws -> JSONTree {
        try JSONTree(json: try FileDescriptor.readFile(host.folder + "/log.\(plugin).\(command)"))
    }

    private func pod(_ id: String) throws -> CNIAttachment {
        let path = host.folder + "/" + id
        try host.shell(host.host, "touch \(path); unshare --net=\(path) true")
        return CNIAttachment(containerID: id, namespace: path)
    }

    // MARK: Debian's

    @Test func debiansBridgeWithAllThatItCan() throws {
        for name in ["bridge", "host-local", "portmap", "firewall", "tuning"] {
            try #require(access("/usr/lib/cni/" + name, X_OK) == 0, "containernetworking-plugins is missing")
        }
        let list = try network(
            """
            {"cniVersion": "1.0.0", "name": "net", "plugins": [
              {"type": "bridge", "bridge": "br0", "isGateway": true, "ipMasq": true,
               "ipam": {"type": "host-local", "dataDir": "\(host.folder)/ipam", "routes": [{"dst": "0.0.0.0/0"}],
                        "ranges": [[{"subnet": "10.77.0.0/24"}]]}, "capabilities": {"mac": true}},
              {"type": "portmap", "capabilities": {"portMappings": true}}
            ]}
            """)
        var attachment = try pod("a")
        attachment.capabilities.ports = [.tcp(8080, 80)]
        attachment.capabilities.mac = "02:11:22:33:44:55"
        let client = client()
        let result = try host.inHost { try client.add(attachment, to: list) }
        #expect(result.addresses.map { "\($0.address)/\($0.prefixLength)" } == ["10.77.0.2/24"])
        #expect(
            result.interfaces.contains { $0.mac == "02:11:22:33:44:55" && $0.sandbox == attachment.namespace }
        )
        let server = try Server(host, in: attachment.namespace, port: 80)
        _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8080)
        #expect(try client.result(of: "a") == result)
        // Undone by the configuration that did it, though the folder has another one now, or none.
        unlink(configurations + "/10-test.conflist")
        try host.inHost { try client.delete(container: "a") }
        try host.inHost { try client.delete(container: "a") }
        #expect(try client.result(of: "a") == nil)
        #expect(host.names(host.folder + "/ipam/net").filter { $0.hasPrefix("10.") } == [])
        #expect(
            message { _ = try server.meet(host, from: host.outside, at: TestHost.hostAddress, 8080) } != "")
    }

    @Test func aBrokenNetworkAndANamespaceThatIsGone() throws {
        let list = try network(
            """
            {"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "bridge", "bridge": "br0",
              "ipam": {"type": "host-local", "dataDir": "\(host.folder)/ipam", "subnet": "10.77.0.0/24"}}]}
            """)
        let attachment = try pod("a")
        _ = try host.inHost { try client().add(attachment, to: list) }
        try host.inHost { try client().check(container: "a") }
        // What is broken is noticed.
        try host.shell(attachment.namespace, "ip addr flush dev eth0")
        let broken = message { try host.inHost { try client().check(container: "a") } }
        #expect(broken.contains("network plugin bridge, CHECK"), "\(broken)")
        umount2(attachment.namespace, Int32(MNT_DETACH))
        unlink(attachment.namespace)
        try host.inHost { try client().collectGarbage(of: list) { _ in false } }
        #expect(host.names(host.folder + "/ipam/net").filter { $0.hasPrefix("10.") } == [])
        #expect(host.names(host.folder + "/cache") == [])
    }

    @Test func versionsOfPlugins() throws {
        #expect(try client().versions(ofPlugin: "bridge").contains(CNIVersion("1.0.0")!))
        #expect(throws: CNIError.noPlugin(type: "nothing", folders: [plugins, "/usr/lib/cni"])) {
            try client().versions(ofPlugin: "nothing")
        }
    }

    // MARK: The chain

    private static let answer =
        #"{"cniVersion":"1.1.0","interfaces":[{"name":"eth0","sandbox":"/x"}],"ips":[{"address":"10.1.2.3/24","gateway":"10.1.2.1","interface":0}],"dns":{"nameservers":["10.1.2.53"]},"custom":{"a":[1,2.5,null,true]}}"#

    private func chain() throws -> NetworkList {
        try plugin("one", "case $CNI_COMMAND in ADD) echo '\(Self.answer)';; esac\n")
        try plugin("two", "case $CNI_COMMAND in ADD) echo \"$request\" | jq -c .prevResult;; esac\n")
        return try network(
            """
            {"cniVersion": "1.0.0", "cniVersions": ["0.4.0", "1.1.0", "9.0.0"], "name": "net", "plugins": [
              {"type": "one", "own": [1, {"x": 18446744073709551615}],
               "capabilities": {"portMappings": true, "dns": true, "bandwidth": false}},
              {"type": "two", "capabilities": {"bandwidth": true, "ipRanges": true, "aliases": true}}
            ]}
            """)
    }

    @Test func requestsAndResults() throws {
        let list = try chain()
        var attachment = CNIAttachment(containerID: "a", namespace: host.host)
        attachment.arguments = [("K8S_POD_NAME", "web"), ("K8S_POD_NAMESPACE", "default")]
        attachment.capabilities.ports = [.tcp(8080, 80, on: "127.0.0.1"), .udp(53, 53)]
        attachment.capabilities.bandwidth = CNICapabilities.Bandwidth()
        attachment.capabilities.bandwidth?.ingressRate = 1_000_000
        attachment.capabilities.ranges = [[IPPrefix("10.1.0.0/16")!]]
        attachment.capabilities.dns = CNICapabilities.DNS()
        attachment.capabilities.aliases = ["web"]
        let result = try client().add(attachment, to: list)
        #expect(result.addresses.map(\.address.description) == ["10.1.2.3"])
        #expect(result.nameServers == ["10.1.2.53"] && result.interfaces.map(\.name) == ["eth0"])
        let first = try request("one", "ADD")
        #expect(first["name"]?.text == "net" && first["cniVersion"]?.text == "1.1.0")
        #expect(first["capabilities"] == nil && first["prevResult"] == nil)
        #expect(first["own"]?.list?.last?["x"] == .number(.unsigned(.max)))
        let ports = first["runtimeConfig"]?["portMappings"]?.list
        #expect(ports?.count == 2 && ports?.first?["hostIP"]?.text == "127.0.0.1")
        #expect(ports?.last?["protocol"]?.text == "udp" && first["runtimeConfig"]?["bandwidth"] == nil)
        let second = try request("two", "ADD")
        #expect(second["prevResult"] == result.tree && second["prevResult"]?["custom"] != nil)
        #expect(second["runtimeConfig"]?["aliases"] == .array([.string("web")]))
        #expect(second["runtimeConfig"]?["bandwidth"]?["ingressRate"] == .number(.integer(1_000_000)))
        #expect(
            second["runtimeConfig"]?["ipRanges"]?.list?.first?.list?.first?["subnet"]?.text == "10.1.0.0/16")
        try client().check(container: "a")
        try client().status(of: list)
        try client().collectGarbage(of: list) { $0 == "a" }
        let valid = try request("two", "GC")["cni.dev/valid-attachments"]?.list
        #expect(valid?.count == 1 && valid?.first?["containerID"]?.text == "a")
        try client().delete(container: "a")
        let last = try request("one", "DEL")
        #expect(last["prevResult"] == result.tree && last["runtimeConfig"]?["portMappings"] != nil)
        #expect(
            log == [
                "one ADD", "two ADD", "one CHECK", "two CHECK", "one STATUS", "two STATUS", "one GC",
                "two GC",
                "two DEL", "one DEL",
            ])
    }

    @Test func capabilitiesThatNoPluginHas() throws {
        let list = try chain()
        var capabilities = CNICapabilities()
        #expect(capabilities.missing(in: list) == [])
        capabilities.ports = [.tcp(8080, 80)]
        capabilities.bandwidth = CNICapabilities.Bandwidth()
        capabilities.mac = "02:11:22:33:44:55"
        #expect(capabilities.missing(in: list) == [])
        let other = try network(
            #"{"cniVersion": "1.0.0", "name": "net", "type": "one", "capabilities": {"portMappings": false}}"#,
            "05.conf")
        #expect(capabilities.missing(in: other) == ["portMappings", "bandwidth"])
    }

    @Test func aFailureIsUndoneAndTold() throws {
        let list = try chain()
        try plugin(
            "two",
            "if [ $CNI_COMMAND = ADD ]; then printf '%s' '{\"cniVersion\":\"1.1.0\",\"code\":11,\"msg\":\"no address\",\"details\":\"try\\nlater\"}'; exit 1; fi\n"
        )
        let attachment = CNIAttachment(containerID: "a", namespace: host.host)
        do {
            _ = try client().add(attachment, to: list)
            Issue.record("it was added")
        } catch let error as CNIError {
            #expect(
                error
                    == .plugin(
                        type: "two", command: "ADD", code: 11, message: "no address", details: "try; later"))
            #expect(error.isTransient)
            #expect(error.description == "network plugin two, ADD: no address: try; later (code 11)")
        }
        #expect(log == ["one ADD", "two ADD", "two DEL", "one DEL"])
        #expect(host.names(host.folder + "/cache") == [])
    }

    @Test func aDeleteThatFailsCanBeTriedAgain() throws {
        let list = try chain()
        _ = try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        try plugin("two", "echo 'went wrong' >&2; exit 3\n")
        #expect(
            message { try client().delete(container: "a") }
                == "network plugin two, DEL: it ended with status 3: went wrong")
        // The others were asked all the same.
        #expect(log.suffix(2) == ["two DEL", "one DEL"])
        try plugin("two", "")
        try client().delete(container: "a")
        #expect(host.names(host.folder + "/cache") == [])
    }

    /// What was remembered of a configuration keeps the mistake that its file has no more.
    @Test(arguments: [true, false]) func aMistakeInTheConfigurationThatIsMended(isConnected: Bool) throws {
        try plugin(
            "one",
            """
            [ "$(echo "$request" | jq -r .switch)" = right ] && exit 0
            \(isConnected ? "[ $CNI_COMMAND = ADD ] && { echo '\(Self.answer)'; exit 0; }" : "")
            exit 1

            """)
        func network(_ version: String, switch value: String) throws -> NetworkList {
            try self.network(
                #"{"cniVersion": "\#(version)", "name": "net", "type": "one", "switch": "\#(value)"}"#,
                "10.conf")
        }
        let wrong = try network("1.1.0", switch: "wrong")
        _ = message {
            _ = try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: wrong)
        }
        #expect(host.names(host.folder + "/cache") == ["net-a-eth0.json"])
        var told: [String] = []
        var asked: [Bool] = []
        func delete(by network: NetworkList?) throws {
            try client().delete(
                container: "a",
                substitute: CNIClient.Substitute(
                    find: { name, isConnected in
                        asked.append(isConnected)
                        return name == "net" ? network : nil
                    }, tell: { told.append("\($0)") }))
        }
        let failure = "network plugin one, DEL: it ended with status 1"
        for other in [nil, wrong, try network("1.0.0", switch: "as wrong")] {
            #expect(message { try delete(by: other) } == failure)
        }
        #expect(told == [] && host.names(host.folder + "/cache") == ["net-a-eth0.json"])
        try delete(by: try network("1.0.0", switch: "right"))
        #expect(told == [failure] && asked == Array(repeating: isConnected, count: 4))
        #expect(host.names(host.folder + "/cache") == [])
        // The result of ADD in the version that is spoken now.
        let last = try request("one", "DEL")
        #expect(last["cniVersion"]?.text == "1.0.0")
        #expect(last["prevResult"]?["cniVersion"]?.text == (isConnected ? "1.0.0" : nil))
    }

    /// Of whichever plugins: what a chain that never connected anybody could not undo is nothing to wait for.
    @Test(arguments: ["net", "other"]) func anotherNetworkAfterAnAddThatFailed(name: String) throws {
        try plugin("one", "[ $CNI_COMMAND = DEL ] && exit 0\necho '\(Self.answer)'\n")
        try plugin("two", "exit 1\n")
        try plugin("three", "")
        let failed = try network(
            #"{"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "one"}, {"type": "two"}]}"#)
        for id in ["a", "b"] {
            _ = message {
                _ = try client().add(CNIAttachment(containerID: id, namespace: host.host), to: failed)
            }
        }
        let other = try network(
            #"{"cniVersion": "1.0.0", "name": "\#(name)", "plugins": [{"type": "three"}]}"#)
        func substitute(_ tell: @escaping (any Error) -> Void) -> CNIClient.Substitute {
            CNIClient.Substitute(find: { _, _ in other }, tell: tell)
        }
        var told: [String] = []
        try client().delete(container: "a", substitute: substitute { told.append("\($0)") })
        #expect(told == ["network plugin two, DEL: it ended with status 1"])
        // Those of the old chain that can have given back what they had.
        #expect(log.suffix(3) == ["two DEL", "one DEL", "three DEL"])
        #expect(host.names(host.folder + "/cache") == ["net-b-eth0.json"])
        // What hangs is tried again.
        try plugin("two", "sleep 1000\n")
        #expect(throws: CNIError.timedOut(type: "two", command: "DEL", milliseconds: 400)) {
            try client(timeout: 400).delete(container: "b", substitute: substitute { told.append("\($0)") })
        }
        #expect(told.count == 1 && host.names(host.folder + "/cache") == ["net-b-eth0.json"])
    }

    @Test func garbageOfAConfigurationThatIsMended() throws {
        try plugin("one", "[ \"$(echo \"$request\" | jq -r .switch)\" = right ] || exit 1\n")
        func network(switch value: String) throws -> NetworkList {
            try self.network(
                #"{"cniVersion": "1.0.0", "name": "net", "type": "one", "switch": "\#(value)"}"#, "10.conf")
        }
        let wrong = try network(switch: "wrong")
        _ = message {
            _ = try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: wrong)
        }
        var told: [String] = []
        try client().collectGarbage(
            of: try network(switch: "right"), replaced: { told.append("\($0)") }, isLive: { _ in false })
        #expect(told == ["network plugin one, DEL: it ended with status 1"])
        #expect(host.names(host.folder + "/cache") == [])
    }

    /// A compiled plugin is there before it is asked, and is asked when the one before it has answered.
    @Test(arguments: [true, false]) func theNextProgramIsStartedAhead(works: Bool) throws {
        let compiled = plugins + "/compiled"
        try host.shell(host.host, "cp /usr/bin/cat \(compiled)")
        // It waits until the next one's program is there, which answers with what it is asked.
        try plugin(
            "one",
            """
            [ $CNI_COMMAND = ADD ] || exit 0
            for i in $(seq 400); do
                find /proc -maxdepth 2 -name exe -lname \(compiled) 2>/dev/null | grep -q . && break
                sleep 0.05
            done
            [ $i -lt 400 ] && echo seen >> $log
            \(works ? "echo '\(Self.answer)'" : "exit 1")

            """)
        try plugin(
            "two", "[ $CNI_COMMAND = ADD ] && echo \"$request\" | jq -c .prevResult.prevResult\nexit 0\n")
        let list = try network(
            """
            {"cniVersion": "1.1.0", "name": "net",
             "plugins": [{"type": "one"}, {"type": "compiled", "own": 1}, {"type": "two"}]}
            """)
        let attachment = CNIAttachment(containerID: "a", namespace: host.host)
        if works {
            let result = try client().add(attachment, to: list)
            #expect(result.addresses.map(\.address.description) == ["10.1.2.3"])
            #expect(try request("two", "ADD")["prevResult"]?["own"] == .number(.integer(1)))
            try client().delete(container: "a")
        } else {
            #expect(throws: CNIError.self) { try client().add(attachment, to: list) }
        }
        #expect(log == ["one ADD", "seen"] + (works ? ["two ADD"] : []) + ["two DEL", "one DEL"])
        let left = try host.shell(
            host.host, "find /proc -maxdepth 2 -name exe -lname \(compiled) 2>/dev/null | wc -l")
        #expect(left.filter(\.isNumber) == "0")
    }

    /// Nor is it asked by its input's end: one that looks all the time would see that before it is killed.
    @Test func aProgramThatNobodyAsksIsNotAsked() throws {
        let script = """
            open(my $ready, ">", "$ARGV[0].ready"); close($ready);
            fcntl(STDIN, 4, 2048);
            while (1) {
                my $count = sysread(STDIN, my $bytes, 1);
                if (defined $count) { mkdir("$ARGV[0].asked"); exit }
            }
            """
        for index in 0..<150 {
            let path = host.folder + "/try\(index)"
            let plugin = try PluginProcess(
                path: "/usr/bin/perl", arguments: ["-e", script, path], environment: []
            ).start()
            let deadline = monotonicMilliseconds() + 20_000
            while access(path + ".ready", F_OK) != 0, monotonicMilliseconds() < deadline { usleep(500) }
            try #require(access(path + ".ready", F_OK) == 0)
            // It gets to look.
            usleep(500)
            _ = consume plugin
            #expect(access(path + ".asked", F_OK) != 0)
        }
    }

    /// A pod without an address would be ready, and nobody would reach it.
    @Test(arguments: [
        ("{}", "its result has no address for the container"),
        (#"{"cniVersion":"1.1.0","ips":[]}"#, "its result has no address for the container"),
        (#"{"cniVersion":"1.1.0","ips":"x"}"#, "its result has no address for the container"),
        (
            #"{"interfaces":[{"name":"br0"}],"ips":[{"address":"10.1.2.3/24","interface":0}]}"#,
            "its result has no address for the container"
        ),
        (
            #"{"ip4":{"ip":"10.1.2.3/24"}}"#,
            "its result has no address for the container: ip4 and ip6 are of version 0.2.0, which is not supported"
        ),
        (
            #"{"cniVersion":"0.2.0","ip4":{"ip":"10.1.2.3/24"}}"#,
            "cniVersion '0.2.0' of its result is not one of [0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0]"
        ),
        (
            #"{"cniVersion":"9.9.9","ips":[{"address":"10.1.2.3/24"}]}"#,
            "cniVersion '9.9.9' of its result is not one of [0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0]"
        ),
    ])
    func resultsThatGiveTheContainerNoAddress(answer: String, reason: String) throws {
        try plugin("one", "[ $CNI_COMMAND = ADD ] || exit 0\necho '\(answer)'\n")
        let list = try network(#"{"cniVersion": "1.1.0", "name": "net", "type": "one"}"#, "10.conf")
        #expect(throws: CNIError.failed(type: "one", command: "ADD", reason: reason)) {
            try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        }
        #expect(log == ["one ADD", "one DEL"])
        #expect(host.names(host.folder + "/cache") == [])
    }

    @Test(arguments: [
        #"{"ips":[{"address":"10.1.2.3/24"}]}"#, #"{"cniVersion":"","ips":[{"address":"10.1.2.3/24"}]}"#,
        #"{"cniVersion":1,"ips":[{"address":"10.1.2.3/24"}]}"#,
    ])
    func resultsWithoutAVersion(answer: String) throws {
        try plugin("one", "[ $CNI_COMMAND = ADD ] || exit 0\necho '\(answer)'\n")
        let list = try network(#"{"cniVersion": "1.1.0", "name": "net", "type": "one"}"#, "10.conf")
        let result = try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        #expect(result.containerAddresses.map(\.description) == ["10.1.2.3"])
    }

    @Test(arguments: [
        ("echo 'fatal: no switch'; exit 3", "it ended with status 3: fatal: no switch"),
        ("echo out; echo err >&2; exit 1", "it ended with status 1: err; out"),
        ("echo '{\"msg\":\"odd\"}'; exit 1", "it ended with status 1: {\"msg\":\"odd\"}"),
    ])
    func whatAPluginSaysInWordsOfItsOwn(script: String, reason: String) throws {
        try plugin("one", "[ $CNI_COMMAND = ADD ] || exit 0\n\(script)\n")
        let list = try network(#"{"cniVersion": "1.1.0", "name": "net", "type": "one"}"#, "10.conf")
        #expect(throws: CNIError.failed(type: "one", command: "ADD", reason: reason)) {
            try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        }
    }

    @Test func aPluginThatIsNotThere() throws {
        var list = try chain()
        let missing = CNIError.noPlugin(type: "two", folders: [plugins, "/usr/lib/cni"])
        unlink(plugins + "/two")
        #expect(throws: missing) {
            try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        }
        // What nobody has made nobody has to undo.
        #expect(log == [] && host.names(host.folder + "/cache") == [])
        list = try chain()
        _ = try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        unlink(plugins + "/two")
        #expect(throws: missing) { try client().delete(container: "a") }
        #expect(host.names(host.folder + "/cache") == ["net-a-eth0.json"])
        var passedOver: [String] = []
        try client().delete(container: "a", missing: { type, _ in passedOver.append(type) })
        #expect(passedOver == ["two"])
        #expect(log == ["one ADD", "two ADD", "one DEL", "one DEL"])
        #expect(host.names(host.folder + "/cache") == [])
    }

    @Test func aPluginThatHangs() throws {
        let list = try chain()
        try plugin(
            "two",
            "if [ $CNI_COMMAND = ADD ]; then sleep 1000 & echo $! > \(host.folder)/child; sleep 1000; fi\n")
        let before = monotonicMilliseconds()
        #expect(throws: CNIError.timedOut(type: "two", command: "ADD", milliseconds: 400)) {
            try client(timeout: 400).add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        }
        #expect(monotonicMilliseconds() - before < 10_000)
        let text = String(decoding: try FileDescriptor.readFile(host.folder + "/child"), as: UTF8.self)
        let child = try #require(Int32(text.split(separator: "\n")[0]))
        // What it had started is gone, too.
        let deadline = monotonicMilliseconds() + 5000
        while try ProcessIdentity.of(child) != nil, monotonicMilliseconds() < deadline { usleep(10_000) }
        #expect(try ProcessIdentity.of(child) == nil)
    }

    /// Whoever asks whether the network is ready has less patience than a pod.
    @Test func pluginsThatDoNotSayWhetherTheyAreReady() throws {
        let list = try chain()
        try plugin("one", "if [ $CNI_COMMAND = STATUS ]; then sleep 0.3; fi\n")
        try plugin("two", "if [ $CNI_COMMAND = STATUS ]; then sleep 1000; fi\n")
        let client = CNIClient(
            pluginFolders: [plugins], cacheFolder: host.folder + "/cache", timeout: 20_000,
            statusTimeout: 1000)
        let before = monotonicMilliseconds()
        let text = message { try client.status(of: list) }
        #expect(text.contains("network plugin two, STATUS: did not end within"), "\(text)")
        let time = monotonicMilliseconds() - before
        #expect((900..<5000).contains(time), "\(time)")
    }

    @Test(arguments: [
        ("echo nonsense\n", "no JSON"), ("kill -9 $$\n", "killed by signal 9"), ("exit 4\n", "status 4"),
        ("echo '{\"ips\":[{\"address\":\"10.1.2.300/24\"}]}'\n", "10.1.2.300"), ("echo '[1]'\n", "no object"),
        ("head -c 3000000 /dev/zero | tr '\\0' x\n", "no JSON"), ("true\n", "no plugin has answered"),
    ])
    func whatNobodyUnderstands(script: String, words: String) throws {
        try plugin("one", "[ $CNI_COMMAND = ADD ] || exit 0\n" + script)
        let list = try network(#"{"cniVersion": "1.1.0", "name": "net", "type": "one"}"#, "10.conf")
        let text = message {
            _ = try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        }
        #expect(text.contains(words) && text.contains("one"), "\(text)")
        #expect(host.names(host.folder + "/cache") == [])
    }

    @Test func killedInTheMiddleOfAdd() throws {
        let list = try chain()
        // What ADD leaves that was killed: an entry without a result.
        try plugin(
            "two", "[ $CNI_COMMAND = ADD ] && cp -r \(host.folder)/cache \(host.folder)/kept; exit 1\n")
        _ = message { _ = try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list) }
        try plugin("two", "")
        let later = CNIClient(pluginFolders: [plugins], cacheFolder: host.folder + "/kept")
        #expect(throws: CNIError.notAttached(container: "a")) { try later.check(container: "a") }
        #expect(try later.result(of: "a") == nil)
        try later.collectGarbage(of: list) { _ in false }
        #expect(host.names(host.folder + "/kept") == [])
        #expect(log.suffix(4) == ["two DEL", "one DEL", "one GC", "two GC"])
    }

    /// One that is just being connected would be missing from the list of those that have something.
    @Test func garbageIsNotCollectedWhileSomebodyConnects() throws {
        let list = try chain()
        try plugin(
            "one",
            "case $CNI_COMMAND in ADD) sleep 0.5; echo 'one ADDED' >> $log; echo '\(Self.answer)';; esac\n")
        let client = client()
        let connecting = DispatchGroup()
        let attachment = CNIAttachment(containerID: "a", namespace: host.host)
        DispatchQueue.global().async(group: connecting) { _ = try? client.add(attachment, to: list) }
        let deadline = monotonicMilliseconds() + 10_000
        while log.isEmpty, monotonicMilliseconds() < deadline { usleep(1000) }
        try client.collectGarbage(of: list) { _ in true }
        connecting.wait()
        #expect(log == ["one ADD", "one ADDED", "two ADD", "one GC", "two GC"])
        let valid = try request("two", "GC")["cni.dev/valid-attachments"]?.list
        #expect(valid?.map { $0["containerID"]?.text } == ["a"])
    }

    @Test func aDamagedEntryCostsNobodyElse() throws {
        let list = try chain()
        let ids = ["a", "b", "c", "d"]
        for id in ids {
            _ = try client().add(CNIAttachment(containerID: id, namespace: host.host), to: list)
        }
        let path = { (id: String) in host.folder + "/cache/net-\(id)-eth0.json" }
        for id in ["b", "c", "d"] { try write(path(id), "") }
        #expect(try client().damage().map(\.container).sorted() == ["b", "c", "d"])
        try client().delete(container: "a")
        // Who does not know better leaves it as it is.
        #expect(message { try client().delete(container: "b") }.contains(path("b")))
        var attachment = CNIAttachment(containerID: "b", namespace: host.host)
        attachment.arguments = [("K8S_POD_NAME", "web")]
        try client().delete(container: "b") { [attachment] _ in (attachment, list) }
        #expect(try request("one", "DEL")["prevResult"] == nil)
        // Of those that live nothing is cleared.
        try client().collectGarbage(of: list) { $0 == "d" }
        let valid = try request("two", "GC")["cni.dev/valid-attachments"]?.list
        #expect(valid?.map { $0["containerID"]?.text } == ["d"])
        #expect(log.filter { $0 == "two DEL" }.count == 3)
        #expect(
            host.names(host.folder + "/cache").sorted() == [
                "net-b-eth0.json.damaged", "net-c-eth0.json.damaged", "net-d-eth0.json",
            ])
        #expect(try client().damage().map(\.container) == ["d"])
        // What was set aside stays for a week, whenever it was written; so does what is just being written.
        try host.shell(
            host.host,
            "cd \(host.folder)/cache; touch -d '8 days ago' net-c-eth0.json.damaged net-d-eth0.json old.json.new; touch new.json.new"
        )
        try client().removeOldDamage()
        #expect(
            host.names(host.folder + "/cache").sorted() == [
                "net-b-eth0.json.damaged", "net-d-eth0.json", "new.json.new",
            ])
    }

    /// Also where nothing but its name tells whose an entry is.
    @Test(arguments: ["a--b", "a-b-", "a"]) func networksWhoseNamesHaveHyphens(name: String) throws {
        try plugin("one", "case $CNI_COMMAND in ADD) echo '\(Self.answer)';; esac\n")
        let list = try network(#"{"cniVersion": "1.1.0", "name": "\#(name)", "type": "one"}"#, "10.conf")
        _ = try client().add(CNIAttachment(containerID: "c", namespace: host.host), to: list)
        let entry = "\(name)-c-eth0.json"
        // Written long ago.
        try host.shell(
            host.host, "cd \(host.folder)/cache; truncate -s 0 \(entry); touch -d '8 days ago' \(entry)")
        #expect(try client().damage().map(\.container) == ["c"])
        try client().collectGarbage(of: list) { _ in false }
        #expect(log == ["one ADD", "one DEL", "one GC"])
        try client().removeOldDamage()
        #expect(host.names(host.folder + "/cache") == [entry + ".damaged"])
    }

    // MARK: Configurations

    @Test func theFirstFileCountsAndChangesAreSeen() throws {
        var folder = ConfigurationFolder(path: configurations)
        #expect(throws: CNIError.noConfiguration(folder: configurations)) { try folder.network() }
        try write("20.conf", #"{"cniVersion": "0.4.0", "name": "second", "type": "x"}"#)
        try write("README", "nothing")
        #expect(try folder.network().name == "second")
        try write("10.conflist", #"{"cniVersion": "1.0.0", "name": "first", "plugins": [{"type": "x"}]}"#)
        #expect(try folder.network().name == "first")
        try write("10.conflist", #"{"cniVersion": "1.0.0", "name": "third", "plugins": [{"type": "x"}]}"#)
        #expect(try folder.network().name == "third")
        // A broken one is passed over, and named.
        try write("10.conflist", #"{"cniVersion": "1.0.0", "name": "first", "plugins": []}"#)
        #expect(try folder.network().name == "second")
        #expect(
            folder.problems == [
                "network configuration \(configurations)/10.conflist: plugins is missing or empty"
            ])
        unlink(configurations + "/20.conf")
        #expect(message { _ = try folder.network() }.contains("plugins is missing"))
    }

    @Test func whatIsWrongWithConfigurationsIsNewsOnce() throws {
        try write("10.conf", "{")
        try write("20.conf", #"{"cniVersion": "1.0.0", "name": "net", "type": "x"}"#)
        try write("30.conf", "[]")
        var folder = ConfigurationFolder(path: configurations)
        #expect(try folder.network().name == "net")
        let news = folder.takeNews()
        #expect(news.count == 1 && news == folder.problems, "\(news)")
        #expect(news.first?.contains("10.conf: ") == true)
        #expect(try folder.network().name == "net")
        #expect(folder.takeNews() == [])
        // Whatever else is looked into by who looks for another network.
        #expect(try folder.network(named: "other") == nil)
        let more = folder.takeNews()
        #expect(more.count == 1 && more.first?.contains("30.conf: ") == true, "\(more)")
        #expect(try folder.network(named: "other") == nil)
        #expect(folder.takeNews() == [])
        // Another content, though nothing else is wrong with it.
        try write("10.conf", "{ ")
        #expect(try folder.network().name == "net")
        #expect(folder.takeNews().count == 1)
        try write("10.conf", #"{"cniVersion": "1.0.0", "name": "first", "type": "x"}"#)
        #expect(try folder.network().name == "first")
        #expect(folder.takeNews() == [] && folder.problems == [])
    }

    /// Files beside a list add plugins to it, in a folder that is called as the network (libcni's rules).
    @Test func pluginsThatOthersHaveAdded() throws {
        var folder = ConfigurationFolder(path: configurations)
        func types() throws -> [String?] { try folder.network().plugins.map { $0["type"]?.text } }
        func list(_ more: String) throws {
            try write("10.conflist", #"{"cniVersion": "1.1.0", "name": "net"\#(more)}"#)
        }
        let own = #", "plugins": [{"type": "own"}]"#
        let added = configurations + "/net"
        try list(own)
        #expect(try types() == ["own"])
        for name in ["net", "net/15.conf", "other"] {
            try #require(mkdir(configurations + "/" + name, 0o700) == 0)
        }
        try write(added + "/20.conf", #"{"type": "last", "capabilities": {"x": true}}"#)
        try write(added + "/10.conf", #"{"type": "first"}"#)
        try write(added + "/05.conflist", #"{"type": "none"}"#)
        try write(configurations + "/other/10.conf", #"{"type": "others"}"#)
        #expect(try types() == ["own", "first", "last"])
        try list(own + #", "loadOnlyInlinedPlugins": false"#)
        #expect(try types() == ["own", "first", "last"])
        for yes in ["true", #""True""#] {
            try list(own + #", "loadOnlyInlinedPlugins": \#(yes)"#)
            #expect(try types() == ["own"])
        }
        try list(own + #", "loadOnlyInlinedPlugins": "maybe""#)
        #expect(message { _ = try folder.network() }.contains("loadOnlyInlinedPlugins is neither"))
        // All of them may stand there, and a change of theirs counts.
        try list("")
        #expect(try types() == ["first", "last"])
        try write(added + "/10.conf", #"{"type": "changed"}"#)
        #expect(try types() == ["changed", "last"])
        try list(#", "plugins": []"#)
        #expect(message { _ = try folder.network() }.contains("plugins is missing or empty"))
        try list(own)
        for text in ["{", #"{"type": "../x"}"#] {
            try write(added + "/20.conf", text)
            #expect(message { _ = try folder.network() }.contains("\(added)/20.conf: "))
        }
        unlink(added + "/20.conf")
        #expect(try types() == ["own", "changed"])
        // The folder's name is what counts.
        try #require(rename(added, configurations + "/old") == 0)
        #expect(try types() == ["own"])
        try #require(rename(configurations + "/old", added) == 0)
        #expect(try types() == ["own", "changed"])
        // Not for what is no list.
        unlink(configurations + "/10.conflist")
        try write("10.conf", #"{"cniVersion": "1.1.0", "name": "net", "type": "own"}"#)
        #expect(try types() == ["own"])
    }

    /// Also once its file is gone.
    @Test func anAddedPluginIsAskedAndUndoes() throws {
        try plugin("one", "case $CNI_COMMAND in ADD) echo '\(Self.answer)';; esac\n")
        try plugin("two", "case $CNI_COMMAND in ADD) echo \"$request\" | jq -c .prevResult;; esac\n")
        try #require(mkdir(configurations + "/net", 0o700) == 0)
        try write(configurations + "/net/10.conf", #"{"type": "two"}"#)
        let list = try network(#"{"cniVersion": "1.1.0", "name": "net", "plugins": [{"type": "one"}]}"#)
        _ = try client().add(CNIAttachment(containerID: "a", namespace: host.host), to: list)
        #expect(try request("two", "ADD")["name"]?.text == "net")
        unlink(configurations + "/net/10.conf")
        try client().delete(container: "a")
        #expect(log == ["one ADD", "two ADD", "two DEL", "one DEL"])
    }

    @Test func aNetworkByItsName() throws {
        try write("10.conf", #"{"cniVersion": "1.0.0", "name": "first", "type": "x"}"#)
        try write("15.conf", "{")
        try write("20.conf", #"{"cniVersion": "1.0.0", "name": "second", "type": "y"}"#)
        var folder = ConfigurationFolder(path: configurations)
        #expect(try folder.network(named: "first")?.has(plugin: "x") == true)
        #expect(try folder.network(named: "second")?.has(plugin: "y") == true)
        #expect(try folder.network(named: "third") == nil)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"cniVersion": "1.0.0", "type": "x"}"#, #"{"name": "a", "type": "x"}"#,
        #"{"cniVersion": "7.0.0", "name": "a", "type": "x"}"#, #"{"cniVersion": "1.0.0", "name": "a"}"#,
        #"{"cniVersion": "1.0.0", "name": "../a", "type": "x"}"#,
        #"{"cniVersion": "1.0.0", "name": "a", "type": "../x"}"#,
        #"{"cniVersion": "1.0.0", "name": "a", "type": ".."}"#,
    ])
    func badConfigurations(text: String) throws {
        #expect(message { _ = try network(text, "10.conf") }.contains("10.conf: "))
    }

    @Test func hostileAttachments() throws {
        let list = try chain()
        for id in ["", "../x", "a/b", ".a", "a;b", "a-b", String(repeating: "x", count: 200)] {
            #expect(throws: CNIError.self) {
                try client().add(CNIAttachment(containerID: id, namespace: host.host), to: list)
            }
        }
        var attachment = CNIAttachment(containerID: "a", namespace: host.host)
        attachment.arguments = [("A", "1;B=2")]
        #expect(throws: CNIError.self) { try client().add(attachment, to: list) }
        attachment.arguments = []
        for name in ["aninterfacewithalongname", "eth-0"] {
            attachment.interface = name
            #expect(throws: CNIError.self) { try client().add(attachment, to: list) }
        }
        #expect(log == [])
    }
}
