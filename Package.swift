// swift-tools-version: 6.2
import PackageDescription

/// Settings of every target of ours: warnings are errors, concurrency is checked completely (language mode 6).
/// The C library is seen with its GNU extensions by all of them, as CLinux sees it: two views of one structure
/// are an error in whoever imports both.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error), .unsafeFlags(["-Xcc", "-D_GNU_SOURCE"])]

/// Each function is a section: what is not called is left out, and the linker can put together what is.
let inSections: [SwiftSetting] = [.unsafeFlags(["-Xfrontend", "-function-sections"])]
let divisible: [SwiftSetting] = strict + inSections

/// The static programs are linked without any shared library, so that they start quickly and run
/// from a memory file inside a container whatever that container's root holds.
let fullyStatic: [LinkerSetting] = [.unsafeFlags(["-static-executable"])]

/// Programs that start often, and where there may be no /proc, do not look for the Swift library's own tracer of crashes.
let withoutBacktracer: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "--wrap=swift_copyAuxiliaryExecutablePath"])
]

/// A program's functions lie in the order in which its commands enter them (`make generate` makes the lists). The kernel
/// maps 64 KiB around each page that is touched: what lies together halves the resident memory.
func inOrderOfUse(_ list: String) -> [LinkerSetting] {
    [
        .unsafeFlags(
            ["-use-ld=lld"]
                + [
                    "--symbol-ordering-file=\(Context.packageDirectory)/Sources/\(list)/functions.order",
                    "--no-warn-symbol-ordering",
                ].flatMap { ["-Xlinker", $0] })
    ]
}

/// Archives that a program with a static Foundation needs besides the Swift library, and what that Foundation, which
/// dependencies use, leaves to the linker to find.
let archives = ["archive", "sqlite3", "zstd", "lzma", "bz2", "z", "stdc++", "_FoundationICU"]
let foundation: [LinkerSetting] = [
    "CoreFoundation", "FoundationInternationalization", "FoundationEssentials", "_FoundationCShims",
    "_FoundationCollections", "_FoundationICU", "swiftSynchronization",
].map { .linkedLibrary($0) }

/// The command line is fully static, too: without the loader a start takes a third of the time. Of ISA-L there is no
/// archive; the folder has an empty one, and `swiftlet-node` has the library.
let staticWithFoundation: [LinkerSetting] =
    fullyStatic
    + [
        .unsafeFlags(
            ["-L", Context.packageDirectory + "/Sources/System/StaticLibraries"]
                + (["--start-group"] + archives.map { "-l:lib\($0).a" } + ["--end-group"])
                .flatMap { ["-Xlinker", $0] })
    ] + foundation

/// Linked with the Swift library in it: runs where no toolchain is. libarchive comes static, too: the shared one
/// needs a dozen further libraries, for formats that are not used here.
let staticSwiftLibrary: [LinkerSetting] =
    [
        .unsafeFlags(
            ["-static-stdlib", "-Xclang-linker", "-no-pie", "-Xlinker", "--no-export-dynamic"]
                + [
                    "--as-needed", "-l:libarchive.a", "-l:libzstd.so.1", "-l:liblzma.so.5",
                    "-l:libbz2.so.1.0", "-l:libz.so.1",
                ].flatMap { ["-Xlinker", $0] })
    ] + foundation

let package = Package(
    name: "swiftlet",
    products: [
        .executable(name: "swiftlet", targets: ["swiftlet"]),
        .executable(name: "swiftlet-node", targets: ["swiftlet-node"]),
        .executable(name: "swiftlet-oci", targets: ["swiftlet-oci"]),
        .executable(name: "swiftlet-shim", targets: ["swiftlet-shim"]),
        .executable(name: "swiftlet-init", targets: ["swiftlet-init"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    ],
    targets: [
        // System: what the kernel and the C libraries offer, typed.
        .target(name: "CLinux", path: "Sources/System/CLinux"),
        .target(name: "CArguments", path: "Sources/System/CArguments"),
        .systemLibrary(name: "CSeccomp", path: "Sources/System/CSeccomp"),
        .systemLibrary(name: "CCapability", path: "Sources/System/CCapability"),
        .systemLibrary(name: "CArchive", path: "Sources/System/CArchive"),
        .systemLibrary(name: "CZlib", path: "Sources/System/CZlib"),
        .target(
            name: "CInflate", path: "Sources/System/CInflate", linkerSettings: [.linkedLibrary("isal")]),
        .target(
            name: "LinuxKernel", dependencies: ["CLinux"],
            path: "Sources/System/LinuxKernel", swiftSettings: divisible),

        // Runtime: the OCI runtime and the supervisor of containers. No Foundation, one thread.
        .target(name: "OCISpec", path: "Sources/Runtime/OCISpec", swiftSettings: divisible),
        .target(
            name: "ContainerRuntime",
            dependencies: ["CLinux", "LinuxKernel", "OCISpec", "CSeccomp", "CCapability"],
            path: "Sources/Runtime/ContainerRuntime", swiftSettings: divisible),
        .target(
            name: "ContainerShim", dependencies: ["LinuxKernel", "OCISpec", "ContainerRuntime"],
            path: "Sources/Runtime/ContainerShim", swiftSettings: divisible),
        .executableTarget(
            name: "swiftlet-oci", dependencies: ["CArguments", "ContainerRuntime", "LinuxKernel"],
            path: "Sources/Runtime/swiftlet-oci", exclude: ["functions.order"], swiftSettings: divisible,
            linkerSettings: fullyStatic + withoutBacktracer + inOrderOfUse("Runtime/swiftlet-oci")),
        .executableTarget(
            name: "swiftlet-shim",
            dependencies: ["CArguments", "ContainerShim", "LinuxKernel", "PodNetwork"],
            path: "Sources/Runtime/swiftlet-shim", swiftSettings: strict,
            linkerSettings: fullyStatic + withoutBacktracer),

        .executableTarget(
            name: "swiftlet-init", dependencies: ["CArguments", "CLinux"],
            path: "Sources/Runtime/swiftlet-init", swiftSettings: strict,
            linkerSettings: fullyStatic + withoutBacktracer),

        // Node: images.
        .target(
            name: "ImageStore",
            dependencies: [
                "LinuxKernel", "OCISpec", "CArchive", "CInflate",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "Sources/Node/ImageStore", swiftSettings: divisible),

        // Registries: manifests and blobs over the network. Knows nothing of the store but its names and digests.
        .target(
            name: "RegistryClient",
            dependencies: [
                "CLinux", "LinuxKernel", "OCISpec", "ImageStore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            path: "Sources/Node/RegistryClient", swiftSettings: divisible),

        // Images between registries and the store.
        .target(
            name: "ImageTransfer",
            dependencies: [
                "LinuxKernel", "OCISpec", "ImageStore", "RegistryClient",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Sources/Node/ImageTransfer", swiftSettings: divisible),

        // The network of pods: the built-in routed one, and CNI's plugins. No Foundation: the shim links it.
        .target(
            name: "PodNetwork", dependencies: ["CLinux", "LinuxKernel", "OCISpec"],
            path: "Sources/Node/PodNetwork", swiftSettings: divisible),

        // Containers without a daemon: what the command line's words mean, and how they become a container.
        .target(
            name: "ContainerCLI",
            dependencies: [
                "CLinux", "CArchive", "LinuxKernel", "OCISpec", "ImageStore", "ContainerShim",
                "ContainerRuntime", "PodNetwork",
            ],
            path: "Sources/Node/ContainerCLI", swiftSettings: divisible),

        // Pods: sandboxes and containers as durable state machines over shims, networks and snapshots.
        .target(
            name: "PodEngine",
            dependencies: [
                "CLinux", "LinuxKernel", "OCISpec", "ContainerRuntime", "ContainerShim", "PodNetwork",
                "ImageStore", "ContainerCLI",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Sources/Node/PodEngine", swiftSettings: divisible),

        // Exec, attach and port-forward over SPDY and WebSocket, as kubectl and crictl speak them.
        .target(
            name: "StreamingServer",
            dependencies: [
                "CLinux", "LinuxKernel", "CZlib",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Sources/Node/StreamingServer", swiftSettings: divisible),

        // The CRI's messages and services, generated from api.proto (`make generate`).
        .target(
            name: "CRIProtocol",
            dependencies: [
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            path: "Sources/Node/CRIProtocol", exclude: ["api.proto"], swiftSettings: inSections),

        // What connections of gRPC need beside its library: PINGs that are answered, and not taken for a flood.
        .target(
            name: "HTTP2Pings", dependencies: [.product(name: "NIOCore", package: "swift-nio")],
            path: "Sources/Node/HTTP2Pings", swiftSettings: divisible),

        // The CRI service: what a kubelet asks, translated for the engine, the image store and the streaming server.
        .target(
            name: "CRIService",
            dependencies: [
                "CLinux", "LinuxKernel", "OCISpec", "ContainerRuntime", "ContainerShim", "PodNetwork",
                "ImageStore", "RegistryClient", "ImageTransfer", "PodEngine", "StreamingServer",
                "ContainerCLI", "CRIProtocol", "HTTP2Pings",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "TOMLKit", package: "TOMLKit"),
                .product(name: "Yams", package: "Yams"),
            ],
            path: "Sources/Node/CRIService", swiftSettings: divisible),

        // The objects of the Kubernetes API: types generated from the tables of their fields, read strictly from JSON
        // and YAML, with defaults and validation. Knows of no server and of no node.
        .target(
            name: "KubernetesAPI",
            dependencies: ["OCISpec", .product(name: "Yams", package: "Yams")],
            path: "Sources/Cluster/KubernetesAPI", swiftSettings: divisible),

        // The volumes of pods on this node: made, kept up to date, taken away.
        .target(
            name: "PodVolumes", dependencies: ["CLinux", "LinuxKernel", "KubernetesAPI"],
            path: "Sources/Node/PodVolumes", swiftSettings: divisible),

        // Probes of containers: when they are due, how they are asked, what their answers mean.
        .target(
            name: "PodProbes",
            dependencies: [
                "CLinux", "LinuxKernel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Sources/Node/PodProbes", swiftSettings: divisible),

        // The node agent, a kubelet in function: pods from manifests, kept running over CRI, probed, reported.
        .target(
            name: "NodeAgent",
            dependencies: [
                "CLinux", "CZlib", "LinuxKernel", "OCISpec", "ContainerRuntime", "KubernetesAPI",
                "PodVolumes",
                "PodProbes", "CRIProtocol", "HTTP2Pings", "PodNetwork", "StreamingServer",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            path: "Sources/Node/NodeAgent", swiftSettings: divisible),

        // The command line, and its form that works with archives and registries, and is the node's daemon.
        .target(
            name: "SwiftletCommands",
            dependencies: [
                "ContainerCLI", "ImageStore", "ContainerShim", "ContainerRuntime", "PodNetwork",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/swiftlet", swiftSettings: divisible),
        .executableTarget(
            name: "swiftlet", dependencies: ["CArguments", "LinuxKernel", "SwiftletCommands"],
            path: "Sources/Programs/swiftlet",
            swiftSettings: strict, linkerSettings: staticWithFoundation),
        .executableTarget(
            name: "swiftlet-node",
            dependencies: [
                "SwiftletCommands", "ImageTransfer", "RegistryClient", "ImageStore", "CRIService",
                "NodeAgent", "LinuxKernel",
                "KubernetesAPI", "ContainerCLI",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            path: "Sources/Programs/swiftlet-node", exclude: ["functions.order"],
            swiftSettings: divisible,
            linkerSettings: staticSwiftLibrary + inOrderOfUse("Programs/swiftlet-node")),

        // A test target never depends on a static program: its link flag would leak into the bundle.
        .testTarget(name: "LinuxKernelTests", dependencies: ["LinuxKernel"], swiftSettings: strict),
        .testTarget(name: "OCISpecTests", dependencies: ["OCISpec"], swiftSettings: strict),
        .testTarget(
            name: "ContainerRuntimeTests", dependencies: ["ContainerRuntime"], swiftSettings: strict),
        .testTarget(name: "ContainerShimTests", dependencies: ["ContainerShim"], swiftSettings: strict),
        .testTarget(
            name: "ImageStoreTests", dependencies: ["ImageStore"], swiftSettings: strict,
            linkerSettings: [.linkedLibrary("archive")]),
        .testTarget(
            name: "RegistryClientTests",
            dependencies: [
                "CLinux", "RegistryClient", "ImageTransfer", "ImageStore", "LinuxKernel", "OCISpec",
            ],
            swiftSettings: strict, linkerSettings: [.linkedLibrary("archive")]),
        .testTarget(
            name: "PodNetworkTests", dependencies: ["CLinux", "PodNetwork", "LinuxKernel", "OCISpec"],
            swiftSettings: strict),
        .testTarget(
            name: "PodEngineTests",
            dependencies: [
                "PodEngine", "PodNetwork", "ContainerShim", "ContainerRuntime", "OCISpec", "LinuxKernel",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict, linkerSettings: [.linkedLibrary("archive")]),
        .testTarget(
            name: "StreamingServerTests",
            dependencies: [
                "StreamingServer", "CZlib", "LinuxKernel",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CRIServiceTests",
            dependencies: [
                "CLinux", "CRIService", "CRIProtocol", "HTTP2Pings", "PodEngine", "ImageStore", "LinuxKernel",
                "OCISpec",
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict, linkerSettings: [.linkedLibrary("archive")]),
        .testTarget(name: "KubernetesAPITests", dependencies: ["KubernetesAPI"], swiftSettings: strict),
        .testTarget(
            name: "PodVolumesTests", dependencies: ["CLinux", "PodVolumes", "KubernetesAPI", "LinuxKernel"],
            swiftSettings: strict),
        .testTarget(
            name: "PodProbesTests",
            dependencies: [
                "PodProbes", "LinuxKernel",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "NodeAgentTests",
            dependencies: [
                "NodeAgent", "KubernetesAPI", "PodProbes", "PodVolumes", "CRIProtocol", "LinuxKernel",
                "StreamingServer", "ContainerRuntime",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: strict, linkerSettings: [.linkedLibrary("archive")]),
        .testTarget(
            name: "ContainerCLITests", dependencies: ["ContainerCLI"], swiftSettings: strict,
            linkerSettings: [.linkedLibrary("archive")]),
        .testTarget(
            name: "IntegrationTests", dependencies: ["CLinux", "LinuxKernel", "OCISpec"],
            swiftSettings: strict),
        .testTarget(
            name: "SwiftletTests",
            dependencies: [
                "CLinux", "LinuxKernel", "OCISpec", "NodeAgent", "KubernetesAPI",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11
)
