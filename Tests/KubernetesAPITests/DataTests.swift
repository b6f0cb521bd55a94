import KubernetesAPI
import Testing

@Suite struct DataTests {
    @Test func secretsKeepTextAmongTheirData() {
        let secret = Secret(data: ["a": Bytes("1"), "b": Bytes("2")], stringData: ["b": "3"]).withDefaults()
        #expect(secret.data == ["a": Bytes("1"), "b": Bytes("3")])
        #expect(secret.stringData.isEmpty && secret.type == .opaque)
    }

    private let metadata = ObjectMeta(name: "x", namespace: "default")

    @Test func configMaps() {
        #expect(ConfigMap(metadata: metadata, data: ["a.b-c_D": "x"]).validate().isEmpty)
        let map = ConfigMap(
            metadata: metadata, data: ["..": "x", "a": String(repeating: "x", count: 1024 * 1024)],
            binaryData: ["a": Bytes("y"), "..b": Bytes()])
        #expect(
            map.validate().all.map(\.description) == [
                "data[..]: Invalid value: \"..\": must not be '..'",
                "data[a]: Invalid value: \"a\": duplicate of key present in binaryData",
                "binaryData[..b]: Invalid value: \"..b\": must not start with '..'",
                "data: Too long: may not be more than 1048576 bytes",
            ])
    }

    @Test(
        arguments: [
            ("Opaque", [:], []), ("kubernetes.io/tls", ["tls.crt": "x"], ["data[tls.key]: Required value"]),
            (
                "kubernetes.io/basic-auth", [:],
                ["data[username]: Required value", "data[password]: Required value"]
            ),
            ("kubernetes.io/basic-auth", ["password": "x"], []),
            ("kubernetes.io/ssh-auth", ["ssh-privatekey": ""], ["data[ssh-privatekey]: Required value"]),
            ("kubernetes.io/dockerconfigjson", [".dockerconfigjson": "{\"auths\":{}}"], []),
            ("kubernetes.io/dockercfg", [:], ["data[.dockercfg]: Required value"]),
            (
                "kubernetes.io/dockerconfigjson", [".dockerconfigjson": "{\"auths\": secret}"],
                [
                    "data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": not JSON, line 1, column 11"
                ]
            ),
            (
                "kubernetes.io/service-account-token", [:],
                ["metadata.annotations[kubernetes.io/service-account.name]: Required value"]
            ),
        ] as [(String, [String: String], [String])])
    func secrets(_ type: String, _ data: [String: String], _ errors: [String]) {
        let secret = Secret(
            metadata: metadata, data: data.mapValues { Bytes($0) }, type: SecretType(rawValue: type))
        #expect(secret.validate().all.map(\.description) == errors)
    }
}
