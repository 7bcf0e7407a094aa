import Glibc
public import Testing

/// Gives each test a directory of its own, which is removed after it.
public struct TemporaryDirectory: SuiteTrait, TestTrait, TestScoping {
    @TaskLocal private static var current: String?

    /// The directory of the running test.
    public static var path: String {
        guard let current else { preconditionFailure("the test or its suite lacks the trait .temporaryDirectory") }
        return current
    }

    public static func file(_ name: String) -> String { "\(path)/\(name)" }

    public var isRecursive: Bool { true }

    public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void,
    ) async throws {
        try await Self.with(function)
    }

    /// Creates a directory, runs a function with it, and removes it; for processes that a test starts.
    public static func with(_ function: @concurrent @Sendable () async throws -> Void) async throws {
        let parent = TestProcess.temporaryDirectory
        let path = "\(parent)/nest-bootstrap.\(String(UInt64.random(in: .min ... .max), radix: 36))"
        try Files.makeDirectories(path, mode: 0o700)
        let result: Result<Void, any Error>
        do {
            result = .success(try await $current.withValue(path, operation: function))
        } catch {
            result = .failure(error)
        }
        try Files.removeTree(path)
        try result.get()
    }
}

extension Trait where Self == TemporaryDirectory {
    /// A directory of its own for each test, see ``TemporaryDirectory/path``.
    public static var temporaryDirectory: Self { Self() }
}
