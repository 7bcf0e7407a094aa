// swift-tools-version: 6.2
import PackageDescription

/// The settings of every Swift target: no leaked C types, strict memory safety, no warnings.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// The settings of CShims and CCurl: checks of the stack and of buffers.
let protected: [CSetting] = [
    .unsafeFlags(["-fstack-protector-strong"]),
    // `_FORTIFY_SOURCE` requires optimization.
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

        // CCurl loads libcurl at the first call.
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
            // Full RELRO: the addresses of library functions are read-only once the program runs.
            linkerSettings: [
                .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "relro", "-Xlinker", "-z", "-Xlinker", "now"]),
                .unsafeFlags(["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs"]),
                // The options of the static standard library export every function, and nothing looks them up by name.
                .unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(configuration: .release)),
                // Functions with the same code, most of them of generic types, are linked once.
                .unsafeFlags(["-Xlinker", "--icf=all"], .when(configuration: .release)),
                // arm64 kernels may use pages of 64 KiB, and read-only data must not share one with writable data.
                .unsafeFlags(["-Xlinker", "-z", "-Xlinker", "common-page-size=65536"]),
            ],
        ),

        // One folder of tests for each module. The package of Tests/Package.swift has the tests of the whole program.
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

// The test targets that `make quick` selects, separated by commas; without the variable, all targets.
if let names = Context.environment["NEST_TESTS"], !names.isEmpty {
    let wanted = Set(names.split(separator: ",").map(String.init))
    package.targets.removeAll { $0.type == .test && !wanted.contains($0.name) }
}

// The fuzzed parsers; every target is then built with libFuzzer's coverage.
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

// Only the modules and their tests, for ThreadSanitizer: building everything with it takes minutes more.
if Context.environment["NEST_MODULES"] != nil {
    let program: Set = ["nest-bootstrap", "CommandLineTests", "SmokeTests"]
    package.targets.removeAll { program.contains($0.name) }
    package.products = []
}

let targetsInC: Set = ["CCurl", "CSchemas", "CShims", "CTemplates"]
/// The module whose loops over bytes gain from faster code; in the others, loading fewer pages of code saves more.
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
