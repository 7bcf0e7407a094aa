// swift-tools-version: 6.2
import PackageDescription

// The tests of the program as a whole: they run a build of it by its path, and import no module of it, so that neither
// is built for the other. The tests of the modules are in the package above this one.

/// The settings of every target, those of the package above.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "system-tests",
    targets: [
        .target(name: "TestSupport", path: "TestSupport"),
        // The program without an API server, and with one.
        .testTarget(
            name: "ProgramTests",
            dependencies: ["TestSupport"],
            path: "ProgramTests",
            exclude: ["virtual-address.sh"],
        ),
        .testTarget(name: "EndToEndTests", dependencies: ["TestSupport"], path: "EndToEndTests"),
        // The package on machines that are booted.
        .testTarget(name: "BootTests", dependencies: ["TestSupport"], path: "BootTests"),
    ],
)

for target in package.targets { target.swiftSettings = settings }
