import Base
import Glibc
@testable import Host
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(15))) struct FileLockTests {
    private let path = TemporaryDirectory.file("lock")

    /// The process that holds the lock.
    private func holder() throws -> Int32? { try FileSystem.status(path).flatMap { FileLock.holders()[$0.identity] } }

    @Test func `a lock is taken once until it is released`() throws {
        let first = try #require(try Held(FileLock.take(path)))
        #expect(try Held(FileLock.take(path)) == nil)
        #expect(try Held(FileLock.take(path + "2")) != nil)
        #expect(try holder() == getpid())
        first.release()
        #expect(try holder() == nil)
        #expect(try Held(FileLock.take(path)) != nil)
    }

    @Test func `a waiting task gets the lock as soon as it is released`() async throws {
        let path = path
        let first = try #require(try Held(FileLock.take(path)))
        let turns = (1...3).map { _ in
            Task {
                let lock = try Held(await FileLock.wait(path, until: .now + .seconds(600)))
                lock?.release()
                return lock != nil
            }
        }
        #expect(try holder() == getpid())
        first.release()
        for turn in turns { #expect(try await turn.value) }
    }

    @Test func `a cancelled wait for a lock does not take it`() async throws {
        let path = path
        let first = try #require(try Held(FileLock.take(path)))
        let turn = Task { try Held(await FileLock.wait(path, until: .now + .seconds(600))) }
        turn.cancel()
        #expect(try await turn.value == nil)
        first.release()
        // The thread that was left behind may have it for a moment.
        #expect(try Held(await FileLock.wait(path, until: .now + .seconds(600))) != nil)
    }

    @Test(
        arguments: [
            ("1: FLOCK  ADVISORY  WRITE 709 fe:01:2393 0 EOF\n", 709),
            ("7: POSIX  ADVISORY  READ  8 00:19:1 0 EOF\n1: FLOCK  ADVISORY  WRITE 709 fe:01:2393 0 EOF\n", 709),
            ("1: POSIX  ADVISORY  WRITE 709 fe:01:2393 0 EOF\n", nil),
            ("1: -> FLOCK  ADVISORY  WRITE 709 fe:01:2393 0 EOF\n", nil),
            ("1: FLOCK  ADVISORY  WRITE 709 fe:02:2393 0 EOF\n", nil),
            ("1: FLOCK  ADVISORY  WRITE 709 fe:01:23930 0 EOF\n", nil),
            ("1: FLOCK  ADVISORY  WRITE x fe:01:2393 0 EOF\n", nil),
            ("", nil), ("1:\n\n", nil),
        ] as [(String, Int32?)]
    )
    func `the holder of a lock is read from the kernel's list`(list: String, expected: Int32?) {
        #expect(FileLock.holders(in: list)[FileStatus.Identity(device: 0xfe01, inode: 2393)] == expected)
    }

    @Test func `the file of a lock remains`() throws {
        try #require(try Held(FileLock.take(path))).release()
        #expect(try FileSystem.exists(path))
    }

    @Test func `another process cannot take the lock until it is released`() async throws {
        let lock = try #require(try Held(FileLock.take(path)))
        let other = Command("flock", ["-n", path, "true"], environment: Machine.environment())
        #expect(try await run(other, deadline: .now + .seconds(600)) { _ in } == .exited(1))
        lock.release()
        #expect(try await run(other, deadline: .now + .seconds(600)) { _ in } == .exited(0))
    }

    /// A child has all our files open from its start until it runs its program, see ``FileLock``.
    @Test func `a released lock is free although programs are being started`() async throws {
        let path = path
        let command = Command("true", environment: Machine.environment())
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<25 { _ = try await run(command, deadline: .now + .seconds(600)) { _ in } }
                }
            }
            group.addTask {
                for _ in 0..<2000 {
                    let lock = try #require(try Held(FileLock.take(path)))
                    lock.release()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a lock of another process ends with that process`() async throws {
        let path = path
        try #require(try Held(FileLock.take(path))).release()
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let script = "echo locked; exec sleep 1000"
        let other = Command(
            "flock",
            ["-n", "--no-fork", path, "sh", "-c", script],
            environment: Machine.environment(),
        )
        let task = Task { try await run(other, deadline: .now + .seconds(600)) { continuation.yield($0) } }
        for await line in lines where line == "locked" { break }
        #expect(try Held(FileLock.take(path)) == nil)
        task.cancel()
        _ = try await task.value
        #expect(try Held(FileLock.take(path)) != nil)
    }
}

/// A lock that the macros of tests can hold: they copy what they are given.
private final class Held: Sendable {
    private let lock: Locked<FileLock?>

    init?(_ lock: consuming FileLock?) {
        guard let lock else { return nil }
        self.lock = Locked(lock)
    }

    func release() { lock.withLock { $0 = nil } }
}

extension Held: Equatable {
    static func == (left: Held, right: Held) -> Bool { left === right }
}

extension FileLock {
    fileprivate static func take(_ path: String) throws(SystemError) -> FileLock? {
        let parts = try PathParts(path, "cannot lock")
        return try DirectoryHandle(reaching: parts.directory, isCreating: false).lock(parts.name)
    }

    fileprivate static func wait(
        _ path: String,
        until deadline: ContinuousClock.Instant
    ) async throws(SystemError) -> FileLock? {
        try await wait(until: deadline) { () throws(SystemError) in try take(path) }
    }
}
