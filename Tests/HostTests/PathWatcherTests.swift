import Base
import Glibc
import Host
import TestSupport
import Testing

/// Waits for files.
///
/// Without events each would fail: their paths are checked again only after the deadline.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30))) struct PathWatcherTests {
    private let directory = TemporaryDirectory.path

    /// Waits for a path, and makes a change as soon as the wait has begun.
    ///
    /// - Returns: Whether the wait saw the path.
    private func appears(_ path: String, after change: @escaping @Sendable () async throws -> Void) async throws -> Bool
    {
        let (waits, continuation) = AsyncStream.makeStream(of: String.self)
        let task = Task {
            defer { continuation.finish() }
            return try await wait(for: [path]) { continuation.yield($0) }
        }
        for await reason in waits {
            #expect(reason == "it does not exist")
            break
        }
        try await change()
        return try await task.value
    }

    /// Waits by events alone.
    private func wait(for paths: [String], onWait: @escaping @Sendable (String) -> Void) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(600)
        return try await FileSystem.waitUntilExists(
            anyOf: paths,
            deadline: deadline,
            checkInterval: .seconds(1000),
            onWait: onWait
        )
    }

    private func move(_ path: String, to other: String) throws {
        try SystemError.check("cannot move", path) { unsafe rename(path, other) }
    }

    private func write(_ path: String) throws { try FileSystem.write([1], to: path, mode: 0o600) }

    @Test func `a file that exists is not waited for`() async throws {
        try write("\(directory)/a")
        let paths = ["/nowhere/at/all", "\(directory)/a"]
        #expect(try await FileSystem.waitUntilExists(anyOf: paths, deadline: .now) { _ in Issue.record("waited") })
    }

    @Test func `a file is seen when it is created`() async throws {
        let path = "\(directory)/a"
        #expect(try await appears(path) { try write(path) })
    }

    @Test func `a file is seen although none of its directories existed`() async throws {
        let path = "\(directory)/x/y/z/a"
        #expect(
            try await appears(path) {
                for made in ["x", "x/y", "x/y/z"] {
                    try FileSystem.makeDirectories("\(directory)/\(made)")
                    try await Task.sleep(for: .milliseconds(20))
                }
                try write(path)
            }
        )
    }

    @Test func `a file is seen when its directory is renamed`() async throws {
        try write("\(directory)/other/sub/a")
        let path = "\(directory)/x/sub/a"
        #expect(try await appears(path) { try move("\(directory)/other", to: "\(directory)/x") })
    }

    @Test func `a file is seen after its directory was deleted and created again`() async throws {
        let path = "\(directory)/x/y/a"
        try FileSystem.makeDirectories("\(directory)/x/y")
        #expect(
            try await appears(path) {
                try FileSystem.removeTree("\(directory)/x")
                try await Task.sleep(for: .milliseconds(50))
                try write(path)
            }
        )
    }

    @Test func `a file is seen where a directory was moved away`() async throws {
        let path = "\(directory)/x/y/a"
        try FileSystem.makeDirectories("\(directory)/x/y")
        #expect(
            try await appears(path) {
                try move("\(directory)/x", to: "\(directory)/old")
                try write(path)
            }
        )
    }

    @Test func `the target of a dangling link is seen`() async throws {
        try FileSystem.makeSymbolicLink(at: "\(directory)/link", to: "deep/target", replacing: false)
        #expect(try await appears("\(directory)/link") { try write("\(directory)/deep/target") })
    }

    @Test func `a link of a directory is seen when it leads elsewhere`() async throws {
        try write("\(directory)/new/a")
        try FileSystem.makeDirectories("\(directory)/old")
        try FileSystem.makeSymbolicLink(at: "\(directory)/current", to: "old", replacing: false)
        #expect(
            try await appears("\(directory)/current/a") {
                try FileSystem.makeSymbolicLink(at: "\(directory)/current", to: "\(directory)/new", replacing: true)
            }
        )
    }

    @Test func `a file in the place of a directory does not end the wait`() async throws {
        let path = "\(directory)/x/a"
        try write("\(directory)/x")
        #expect(
            try await appears(path) {
                try FileSystem.remove("\(directory)/x")
                try write(path)
            }
        )
    }

    @Test func `one of several paths is enough`() async throws {
        let (waits, continuation) = AsyncStream.makeStream(of: String.self)
        let paths = ["\(directory)/a/b", "\(directory)/c"]
        let task = Task { try await wait(for: paths) { continuation.yield($0) } }
        for await _ in waits { break }
        try write(paths[1])
        #expect(try await task.value)
    }

    /// The file is created while the wait begins, at every moment of it.
    @Test func `nothing is missed between check and watch`() async throws {
        for round in 0..<60 {
            let path = "\(directory)/\(round)/a"
            async let exists = wait(for: [path]) { _ in }
            usleep(UInt32(round % 20) * 20)
            try FileSystem.write([], to: path, mode: 0o600, isSynced: false)
            #expect(try await exists)
        }
    }

    @Test func `changes of other files do not end the wait, and the deadline does`() async throws {
        let directory = directory
        let deadline = ContinuousClock.now + .milliseconds(300)
        async let exists = FileSystem.waitUntilExists(anyOf: ["\(directory)/a"], deadline: deadline) { _ in }
        for name in 0..<50 { try write("\(directory)/other\(name)") }
        #expect(try await exists == false)
        #expect(ContinuousClock.now >= deadline)
    }

    @Test func `cancellation ends the wait`() async throws {
        let path = "\(directory)/a"
        let task = Task {
            try await FileSystem.waitUntilExists(anyOf: [path], deadline: .now + .seconds(1000)) { _ in }
        }
        task.cancel()
        let error = await #expect(throws: SystemError.self) { try await task.value }
        #expect(error?.code == ECANCELED)
    }
}
