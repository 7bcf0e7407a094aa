// swift-tools-version: 6.2
import PackageDescription

/// The settings of every Swift target: no leaked C types, no unmarked unsafety, no warnings.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "nest-bootstrap",
    products: [.executable(name: "nest-bootstrap", targets: ["nest-bootstrap"])],
    targets: [
        // The C libraries, each a module map and a shim.h.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(name: "CShims"),

        // The rooms, in the order of the arrows.
        .target(name: "Locking"),
        .target(name: "YAML", dependencies: ["CYAML"]),
        .target(name: "HTTP", dependencies: ["CCurl", "COpenSSL", "Locking", "PKI"]),
        .target(name: "PKI", dependencies: ["COpenSSL"]),
        .target(name: "Host", dependencies: ["CSystemd", "CShims", "Locking"]),
        .target(name: "Kubernetes", dependencies: ["YAML", "HTTP", "Locking", "PKI"]),
        .target(name: "Planning", dependencies: ["YAML"]),
        .target(name: "Execution", dependencies: ["Planning", "Locking"]),
        .target(
            name: "Actions",
            dependencies: ["Execution", "Host", "HTTP", "Kubernetes", "Locking", "Planning", "PKI", "YAML"],
        ),
        .target(name: "Speaking", dependencies: ["Execution", "Host", "Locking", "Planning", "YAML"]),
        .executableTarget(
            name: "nest-bootstrap",
            dependencies: [
                "Actions", "Execution", "Host", "HTTP", "Kubernetes", "Locking", "Planning", "PKI", "Speaking", "YAML",
            ],
        ),

        // One folder of tests a room, and the whole program against a real API server.
        .target(name: "TestSupport", dependencies: ["Host", "Locking"], path: "Tests/TestSupport"),
        .testTarget(name: "YAMLTests", dependencies: ["YAML", "TestSupport"]),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "Locking", "PKI", "TestSupport"]),
        .testTarget(name: "PKITests", dependencies: ["PKI", "TestSupport"]),
        .testTarget(name: "HostTests", dependencies: ["Host", "Locking", "TestSupport"]),
        .testTarget(name: "KubernetesTests", dependencies: ["Kubernetes", "HTTP", "PKI", "YAML", "TestSupport"]),
        .testTarget(name: "PlanningTests", dependencies: ["Planning", "YAML", "TestSupport"]),
        .testTarget(name: "ExecutionTests", dependencies: ["Execution", "Locking", "Planning", "YAML", "TestSupport"]),
        .testTarget(
            name: "ActionsTests",
            dependencies: [
                "Actions", "Execution", "Host", "HTTP", "Kubernetes", "Locking", "Planning", "PKI", "YAML",
                "TestSupport",
            ],
        ),
        .testTarget(
            name: "SpeakingTests",
            dependencies: ["Speaking", "Execution", "Host", "Locking", "YAML", "TestSupport"],
        ),
        .testTarget(name: "EndToEndTests", dependencies: ["nest-bootstrap", "Host", "PKI", "YAML", "TestSupport"]),
        // The package on machines that are booted.
        .testTarget(name: "BootTests", dependencies: ["Host", "YAML", "TestSupport"]),
    ],
)

for target in package.targets where ![.system, .plugin, .binary].contains(target.type) && target.name != "CShims" {
    target.swiftSettings = settings
}
