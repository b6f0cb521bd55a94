import Foundation
import KubernetesAPI
import LinuxKernel
import NodeAgent
import Testing

@Suite struct KubeletFieldTests {
    private static let names = Set(
        Mirror(reflecting: KubeletConfiguration()).children.compactMap(\.label).map {
            $0.hasPrefix("_") ? String($0.dropFirst()) : $0
        })

    @Test func fieldsAreThere() {
        for field in KubeletField.all { #expect(Self.names.contains(field.name), "\(field.name)") }
        #expect(Set(KubeletField.all.map(\.name)).count == KubeletField.all.count)
    }

    @Test func documentationNamesThem() throws {
        let tree = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
        let text = String(
            decoding: try FileDescriptor.readFile("\(tree)/docs/agent.md", limit: 1 << 20), as: UTF8.self)
        for field in KubeletField.all {
            let line = text.split(separator: "\n").first {
                $0.hasPrefix("| `") && $0.contains("`\(field.name)`")
            }
            #expect(line?.hasSuffix("| \(field.note) |") == true, "\(field.name): \(field.note)")
        }
    }

    /// A field that is neither in the table nor read anywhere would be taken and do nothing.
    @Test func allOthersAreRead() throws {
        let tree = #filePath.split(separator: "/").dropLast(4).reduce("") { $0 + "/" + $1 }
        var sources = ""
        for folder in ["Node/NodeAgent", "Programs/swiftlet-node"] {
            let files = try #require(FileManager.default.enumerator(atPath: "\(tree)/Sources/\(folder)"))
            for case let file as String in files
            where file.hasSuffix(".swift") && !file.hasSuffix("KubeletField.swift") {
                sources += try String(contentsOfFile: "\(tree)/Sources/\(folder)/\(file)", encoding: .utf8)
            }
        }
        // The last one says what is a default of others.
        let listed = Set(KubeletField.all.map(\.name) + ["mergeDefaultEvictionSettings"])
        for name in Self.names.subtracting(listed) {
            #expect(sources.contains(".\(name)"), "\(name)")
        }
    }

    @Test func defaultsAreValid() {
        #expect(KubeletConfiguration().withDefaults().validate().all == [])
    }

    @Test func harmlessValuesAreNotTalkedAbout() throws {
        for field in KubeletField.all {
            for value: APIValue in [.null, "", [], [:]] {
                #expect(field.answer(to: value) == nil, "\(field.name)")
            }
        }
    }

    @Test(
        arguments: [
            ("tlsCipherSuites", ["TLS_AES_128_GCM_SHA256", "TLS_FOO"], "TLS_FOO: not supported"),
            ("cgroupRoot", "/a/../b", "must not contain .."),
            ("imageServiceEndpoint", "http://foo", "must be unix:// and an absolute path"),
            ("containerRuntimeEndpoint", "unix://run/cri.sock", "must be unix:// and an absolute path"),
        ] as [(String, APIValue, String)])
    func valuesThatCannotBe(name: String, value: APIValue, words: String) throws {
        let field = try #require(KubeletField.all.first { $0.name == name })
        guard case .refused(let reason) = field.answer(to: value) else {
            Issue.record("\(name): \(value) is taken")
            return
        }
        #expect(reason.contains(words))
    }

    @Test(
        arguments: [
            ("tlsCipherSuites", ["TLS_AES_128_GCM_SHA256"]), ("cgroupRoot", "/a/..b"),
            ("imageServiceEndpoint", "unix:///run/cri.sock"), ("containerRuntimeEndpoint", "/run/cri.sock"),
            ("resolvConf", "/etc/hosts"),
        ] as [(String, APIValue)])
    func valuesThatCanBe(name: String, value: APIValue) throws {
        #expect(try #require(KubeletField.all.first { $0.name == name }).answer(to: value) == nil)
    }

    @Test(arguments: [
        "sysctl": KubeletConfiguration.with { $0.allowedUnsafeSysctls = ["kernel.panic"] },
        "taint": .with { $0.registerWithTaints = [Taint(key: "a b", effect: "Never")] },
        "range": .with { $0.podCIDR = "10.0.0.0/33" },
        "period": .with { $0.shutdownGracePeriod = .milliseconds(1) },
        "reserved": .with { $0.kubeReserved = ["gpu": "1"] },
        "enforcement": .with { $0.enforceNodeAllocatable = ["pods", "kube-reserved"] },
        "logs": .with { $0.podLogsDir = "/var/../log" },
        "users": .with { $0.userNamespaces = UserNamespaces(idsPerPod: 1000) },
        "reservation": .with { $0.memoryReservationPolicy = .tieredReservation },
        "both": .with {
            $0.shutdownGracePeriod = .seconds(5)
            $0.shutdownGracePeriodByPodPriority = [.init(priority: 1, shutdownGracePeriodSeconds: 1)]
        },
    ])
    func isRefused(name: String, kubelet: KubeletConfiguration) {
        #expect(!kubelet.withDefaults().validate().isEmpty, "\(name)")
    }
}

extension KubeletConfiguration {
    fileprivate static func with(_ change: (inout Self) -> Void) -> Self {
        var result = Self()
        change(&result)
        return result
    }
}
