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

/// The settings of C targets with functions: checks of the stack and of buffers.
let protected: [CSetting] = [
    .unsafeFlags(["-fstack-protector-strong"]),
    // It needs an optimizing compiler.
    .define("_FORTIFY_SOURCE", to: "3", .when(configuration: .release)),
]

/// The commit that `make build` builds, for `--version`.
let commit = Context.environment["NEST_COMMIT"] ?? ""

let package = Package(
    name: "nest-bootstrap",
    products: [.executable(name: "nest-bootstrap", targets: ["nest-bootstrap"])],
    targets: [
        // The C libraries that the program is linked with, each a module map and a shim.h.
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .target(
            name: "CShims",
            cSettings: protected + [.define("NEST_COMMIT", to: "\"\(commit)\"")],
        ),

        // It loads libcurl when the first request is made.
        .target(name: "CCurl", cSettings: protected),

        .target(name: "CSchemas", exclude: ["kubernetes-schemas.txt"]),
        .target(name: "CTemplates"),

        // The modules; each may import only those named as its dependencies.
        .target(name: "Base", dependencies: ["CSchemas", "CTemplates", "CYAML"]),
        .target(name: "HTTP", dependencies: ["Base", "CCurl", "COpenSSL"]),
        .target(name: "Host", dependencies: ["Base", "CSystemd", "CShims"]),
        .target(name: "Kubernetes", dependencies: ["Base", "HTTP"]),
        .target(name: "Planning", dependencies: ["Base"]),
        .target(
            name: "Actions",
            dependencies: ["Base", "Certificates", "Host", "HTTP", "Kubernetes", "Planning"],
        ),
        .target(name: "Certificates", dependencies: ["Base", "Host", "Planning", "HTTP"]),
        .target(name: "Diagnosis", dependencies: ["Base", "Host", "HTTP", "Kubernetes"]),
        .target(name: "Reporting", dependencies: ["Base", "Certificates", "Host", "HTTP", "Planning"]),
        .executableTarget(
            name: "nest-bootstrap",
            dependencies: [
                "Actions", "Base", "Certificates", "Diagnosis", "Planning", "Host", "HTTP", "Kubernetes",
                "Reporting",
            ],
            // Full RELRO: nothing can change which functions are called once the program runs.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now"]),
                .unsafeFlags(["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"]),
                // The options of the static standard library export every function, and nothing looks them up by name.
                .unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(configuration: .release)),
                // Functions with the same code, most of them of generic types, are linked once.
                .unsafeFlags(["-Xlinker", "--icf=all"], .when(configuration: .release)),
                // Kernels for arm64 may have pages of 64 KiB. What is read-only must end with one of them.
                .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "common-page-size=65536"]),
            ],
        ),

        // One folder of tests a module. The tests of the whole program are in the package of Tests/Package.swift.
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .testTarget(name: "BaseTests", dependencies: ["Base", "Host", "TestSupport"]),
        .testTarget(name: "HTTPTests", dependencies: ["Base", "Host", "HTTP", "TestSupport"]),
        .testTarget(name: "HostTests", dependencies: ["Base", "Host", "TestSupport"]),
        .testTarget(
            name: "KubernetesTests",
            dependencies: ["Base", "Host", "Kubernetes", "HTTP", "TestSupport"]
        ),
        .testTarget(name: "PlanningTests", dependencies: ["Base", "Planning", "TestSupport"]),
        .testTarget(
            name: "ActionsTests",
            dependencies: ["Actions", "Base", "Planning", "Host", "HTTP", "Kubernetes", "TestSupport"],
        ),
        .testTarget(
            name: "CertificatesTests",
            dependencies: ["Base", "Certificates", "Host", "Planning", "HTTP", "TestSupport"]
        ),
        .testTarget(
            name: "DiagnosisTests",
            dependencies: ["Base", "Diagnosis", "Host", "HTTP", "Kubernetes", "TestSupport"]
        ),
        .testTarget(
            name: "ReportingTests",
            dependencies: ["Base", "Certificates", "Planning", "Host", "Reporting", "TestSupport"],
        ),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "nest-bootstrap", "Base", "Certificates", "Diagnosis", "Planning", "Host", "Reporting",
                "TestSupport",
            ]
        ),
        // One short test of each module.
        .testTarget(
            name: "SmokeTests",
            dependencies: [
                "nest-bootstrap", "Actions", "Base", "Certificates", "Diagnosis", "Planning", "Host", "HTTP",
                "Kubernetes", "Reporting", "TestSupport",
            ],
        ),
    ],
)

// Some of the tests of the modules, for `make quick`: their names with commas, all if there are none.
if let names = Context.environment["NEST_TESTS"], !names.isEmpty {
    let wanted = Set(names.split(separator: ",").map(String.init))
    package.targets.removeAll { $0.type == .test && !wanted.contains($0.name) }
}

// The fuzzed parsers, in a build that also has the program; both have AddressSanitizer and libFuzzer's coverage.
let isFuzzing = Context.environment["NEST_FUZZ"] != nil
if isFuzzing {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"),
        .executableTarget(
            name: "fuzz",
            dependencies: ["Base", "CFuzzer", "Planning", "HTTP", "Host", "Kubernetes", "Reporting"],
            path: "Tests/Fuzz",
            exclude: ["corpus"],
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])],
        ),
    ]
}

// The modules and their tests alone, for ThreadSanitizer: building all tests with it takes minutes more.
if Context.environment["NEST_MODULES"] != nil {
    let program: Set = ["nest-bootstrap", "CommandLineTests", "SmokeTests"]
    package.targets.removeAll { program.contains($0.name) }
    package.products = []
}

let targetsInC: Set = ["CCurl", "CSchemas", "CShims", "CTemplates"]
/// The module with loops over bytes; of the others, fewer pages of code take less time than faster code saves.
let fastTargets: Set = ["Base"]
for target in package.targets
where ![.system, .plugin, .binary].contains(target.type) && !targetsInC.contains(target.name) {
    var settings = settings
    if !fastTargets.contains(target.name) {
        settings.append(.unsafeFlags(["-Osize"], .when(configuration: .release)))
    }
    // Functions that nothing calls are not linked.
    settings.append(.unsafeFlags(["-Xfrontend", "-function-sections"], .when(configuration: .release)))
    target.swiftSettings = settings + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])] : [])
}
