import KubernetesAPI

/// A number for a value that is the same in every process: FNV-1a, 64 bits, as hexadecimal digits.
enum StableHash {
    static func of(_ value: APIValue) -> String { of(value.json()) }

    static func of(_ bytes: some Sequence<UInt8>) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes {
            hash ^= UInt64(byte)
            hash &*= 0x100_0000_01b3
        }
        return String(hash, radix: 16)
    }
}
