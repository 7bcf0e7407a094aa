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

    /// Makes a path in the directory of the running test.
    ///
    /// - Parameter name: The name or relative path.
    /// - Returns: The whole path.
    public static func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Reaches every test of a suite.
    public var isRecursive: Bool { true }

    /// Makes the directory, runs the test and removes the directory.
    ///
    /// - Parameters:
    ///   - test: The test.
    ///   - testCase: The case of the test.
    ///   - function: What runs inside.
    /// - Throws: What the test throws, or what the file system refuses.
    public func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void,
    ) async throws {
        try await Self.with(function)
    }

    /// Creates a directory, runs a function with it, and removes it; for processes that a test starts.
    ///
    /// - Throws: The error of the function, or of the file system.
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
