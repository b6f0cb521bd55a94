/// An image (`v1`, and `v2` with one layer more) whose layers are large and do not compress, so that a pull takes a
/// while.
enum BigImage {
    /// Bytes of one layer.
    static let layerBytes = 6_000_000
    static let layers = 4

    /// Each layer is a file of pseudo-random bytes, and an ordinary folder.
    private static let image = MadeImage(
        "big-v2",
        script: """
            for n in $(seq \(layers)); do
                mkdir -p layer/data/$n
                openssl enc -aes-128-ctr -K 0$n -iv 0 -nosalt -in /dev/zero 2> /dev/null \
                    | head -c \(layerBytes) > layer/data/$n/file || true
                touch -d @1700000000 layer/data/$n/file layer/data/$n layer/data
                umoci insert --image image:v1 layer/data/$n /data/$n
            done
            umoci tag --image image:v1 v2
            openssl enc -aes-128-ctr -K 07 -iv 0 -nosalt -in /dev/zero 2> /dev/null \
                | head -c \(layerBytes) > layer/more || true
            touch -d @1700000000 layer/more
            umoci insert --image image:v2 layer/more /more
            """)

    /// The layout's folder.
    static func layout() throws -> String { try image.layout() }
}
