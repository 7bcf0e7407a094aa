import Testing

@testable import Actions

/// The versions of containerd.
@Suite(.timeLimit(.minutes(30)))
struct ContainerdTests {
    @Test(arguments: [
        ("1.6.20~ds1", false), ("1.6.24", false), ("1.6.25", true), ("v1.7.9", false), ("v1.7.10", true),
        ("1.5.9", false),
        ("2.0.0-rc.1", true), ("v2.1.4", true), ("", true), ("unknown", true),
    ])
    func `old versions do not protect pinned images`(version: String, protects: Bool) {
        #expect(Containerd.protectsPinnedImages(version) == protects)
    }
}
