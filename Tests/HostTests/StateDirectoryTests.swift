import Glibc
import Locking
import TestSupport
import Testing

@testable import Host

@Suite(.temporaryDirectory, .timeLimit(.minutes(3))) struct StateDirectoryTests {
    private let state = StateDirectory(TemporaryDirectory.file("state"))

    @Test func `a record comes back as written`() throws {
        #expect(try state.read(task: "rbac") == nil)
        try state.write(task: "rbac", [1, 2, 3])
        try state.write(task: "rbac", [4])
        #expect(try state.read(task: "rbac") == [4])
        #expect(try FileSystem.status("\(state.path)/tasks/rbac.json")?.mode == 0o644)
    }

    @Test func `tasks are those with a record, in order`() throws {
        #expect(try state.tasks().isEmpty)
        for task in ["b", "a.json", "c"] { try state.write(task: task, []) }
        try FileSystem.write([], to: "\(state.path)/tasks/.d.json.x.tmp", mode: 0o600)
        try FileSystem.write([], to: "\(state.path)/tasks/.e.json", mode: 0o600)
        #expect(try state.tasks() == ["a.json", "b", "c"])
    }

    @Test(arguments: ["", ".", "..", ".hidden", "a/b", "/etc/passwd", "a\0b", String(repeating: "x", count: 201)])
    func `a name that is no file's is refused`(task: String) {
        #expect(throws: SystemError.self) { try state.write(task: task, []) }
        #expect(throws: SystemError.self) { try state.read(task: task) }
        #expect(throws: SystemError.self) { _ = try state.lock(task: task) }
        #expect(state.lockHolder(task: task) == nil)
    }

    @Test func `the reason for a refused name is told`() {
        let error = #expect(throws: SystemError.self) { try state.read(task: "a/b") }
        #expect(error?.description == "cannot keep a record of task 'a/b': the name cannot be a file's")
    }

    @Test func `a state directory that is a file is told`() throws {
        try FileSystem.write([], to: state.path, mode: 0o600)
        let error = #expect(throws: SystemError.self) { try state.write(task: "a", []) }
        #expect(error?.description == "cannot make directory '\(state.path)': is a regular file")
    }

    @Test func `a lock is given once until it is released`() throws {
        let first = try #require(try Held(state.lock(task: "a")))
        #expect(try Held(state.lock(task: "a")) == nil)
        #expect(try Held(state.lock(task: "b")) != nil)
        #expect(state.lockHolder(task: "a") == getpid())
        first.release()
        #expect(state.lockHolder(task: "a") == nil)
        #expect(try Held(state.lock(task: "a")) != nil)
    }

    @Test func `who waits for a lock has it as soon as it is free`() async throws {
        let state = state
        let first = try #require(try Held(state.lock(task: "a")))
        let turns = (1...3).map { _ in
            Task {
                let lock = try Held(await state.awaitLock(task: "a"))
                lock?.release()
                return lock != nil
            }
        }
        #expect(state.lockHolder(task: "a") == getpid())
        first.release()
        for turn in turns { #expect(try await turn.value) }
    }

    @Test func `a wait for a lock that is given up does not take it`() async throws {
        let state = state
        let first = try #require(try Held(state.lock(task: "a")))
        let turn = Task { try Held(await state.awaitLock(task: "a")) }
        turn.cancel()
        #expect(try await turn.value == nil)
        first.release()
        // The thread that was left behind may have it for a moment.
        #expect(try Held(await state.awaitLock(task: "a")) != nil)
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
    func `the holder of a lock stands in the kernel's list`(list: String, expected: Int32?) {
        #expect(holder(ofLockOn: FileIdentity(device: 0xfe01, inode: 2393), in: list) == expected)
    }

    @Test func `the file of a lock stays`() throws {
        try #require(try Held(state.lock(task: "a"))).release()
        #expect(try FileSystem.list("\(state.path)/locks") == ["a"])
    }

    @Test func `of many threads never two have the lock`() async throws {
        let state = state
        let holders = HolderCount()
        try await withThrowingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    try await onThread {
                        guard let lock = try state.lock(task: "a") else { return }
                        holders.enter()
                        holders.leave()
                        lock.release()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(holders.most == 1)
    }

    @Test func `another process waits for its turn`() async throws {
        let lock = try #require(try Held(state.lock(task: "a")))
        let other = Command("flock", ["-n", "\(state.path)/locks/a", "true"], environment: Machine.environment())
        #expect(try await run(other, deadline: .now + .seconds(30)) { _ in } == .exited(1))
        lock.release()
        #expect(try await run(other, deadline: .now + .seconds(30)) { _ in } == .exited(0))
    }

    /// A child has all our files open from its start until it runs its program, see ``TaskLock``.
    @Test func `a released lock is free although programs are being started`() async throws {
        let state = state
        let command = Command("true", environment: Machine.environment())
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<25 { _ = try await run(command, deadline: .now + .seconds(30)) { _ in } }
                }
            }
            group.addTask {
                for _ in 0..<2000 {
                    let lock = try #require(try Held(state.lock(task: "a")))
                    lock.release()
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `another process's lock counts until that process is gone`() async throws {
        let state = state
        try #require(try Held(state.lock(task: "a"))).release()
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let script = "echo locked; exec sleep 1000"
        let other = Command(
            "flock",
            ["-n", "--no-fork", "\(state.path)/locks/a", "sh", "-c", script],
            environment: Machine.environment(),
        )
        let task = Task { try await run(other, deadline: .now + .seconds(50)) { continuation.yield($0) } }
        for await line in lines where line == "locked" { break }
        #expect(try Held(state.lock(task: "a")) == nil)
        task.cancel()
        _ = try await task.value
        #expect(try Held(state.lock(task: "a")) != nil)
    }
}

/// Counts who has a lock at the same time.
private final class HolderCount: Sendable {
    private let counts = Locked((now: 0, most: 0))

    /// The most that ever had it.
    var most: Int { counts.withLock { $0.most } }

    func enter() {
        counts.withLock { counts in
            counts.now += 1
            counts.most = max(counts.most, counts.now)
        }
    }

    func leave() { counts.withLock { $0.now -= 1 } }
}

/// A lock that the macros of tests can hold: they copy what they are given.
private final class Held: Sendable {
    private let lock: Locked<TaskLock?>

    init?(_ lock: consuming TaskLock?) {
        guard let lock else { return nil }
        self.lock = Locked(lock)
    }

    func release() { lock.withLock { $0 = nil } }
}

extension Held: Equatable {
    static func == (left: Held, right: Held) -> Bool { left === right }
}
