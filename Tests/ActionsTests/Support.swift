@testable import Actions
import Base
import HTTP
import Host
import Kubernetes
@testable import Planning
import TestSupport

/// The tasks of one task file, performed one by one, in the directory of the running test.
final class Bench: Sendable {
    /// What the actions share.
    let run: RunEnvironment

    private let reported = Locked<[String]>([])

    private let awaited = Locked<[Wait]>([])

    /// What the actions said that they wait for.
    var waits: [Wait] { awaited.withLock { $0 } }

    /// What the actions said so far, a line an event.
    var lines: [String] { reported.withLock { $0 } }

    /// Where the task files are, and under it the root.
    let directory = TemporaryDirectory.path

    fileprivate init(
        _ tasks: String,
        root: String?,
        isDryRun: Bool,
        now: @escaping @Sendable () -> Timestamp,
        http: HTTPClient
    ) throws {
        let file = SourceFile(path: "\(directory)/bootstrap.yaml", bytes: Array(tasks.utf8))
        let (declarations, problems) = readDeclarationsWithProblems([file], node: NodeFacts(hostName: "node"))
        guard problems.isEmpty else { throw Problems(problems) }
        var run = RunEnvironment(
            files: NodeFiles(root: root, isDryRun: isDryRun),
            http: http,
            plan: declarations.plan,
            variables: declarations.variables,
            processEnvironment: ["PATH": "/usr/bin:/bin", "INHERITED": "yes"],
        )
        run.now = now
        self.run = run
    }

    /// What one task's action works with, and the flags of calls in its hints.
    func context(_ name: String, callArguments: [String] = []) throws -> ActionContext {
        var run = run
        run.callArguments = callArguments
        let step = try run.plan.selecting([name]).steps[0]
        return ActionContext(
            run: run,
            task: step.task,
            deadline: .now + step.task.timeout,
            emit: { kind in self.report(kind) }
        )
    }

    /// Performs a task.
    ///
    /// - Parameters:
    ///   - name: The task.
    ///   - searchPath: Where programs are looked for.
    /// - Returns: Whether it changed anything, or the printed words of its error.
    /// - Throws: ``Base/Problems`` if there is no such task.
    func perform(_ name: String, searchPath: String? = nil) async throws -> String {
        var run = run
        if let searchPath { run.processEnvironment["PATH"] = searchPath }
        let step = try run.plan.selecting([name]).steps[0]
        let context = StepContext(task: name, timeout: step.task.timeout) { self.report($0.kind) }
        do {
            return try await ActionRunner(run).perform(step, context).name
        } catch {
            return words(error).replacing(directory, with: "DIR")
        }
    }

    private func report(_ kind: Event.Kind) {
        if case .waiting(let wait) = kind { awaited.withLock { $0.append(wait) } }
        let line: String? =
            switch kind {
            case .path(let path, let result): "\(path) \(result.change)"
            case .planned(let text): text
            case .change(let subject, let change): "\(subject) \(change)"
            case .output(let text): "| \(text)"
            case .warning(let subject, let text): "warning: \(subject): \(text)"
            case .objectFailed(let object): object.problems.map(\.description).joined(separator: "\n")
            default: nil
            }
        guard let line else { return }
        reported.withLock { $0.append(line.replacing(directory, with: "DIR")) }
    }

    /// The problems that `check` finds, as they are printed.
    func problems() async -> [String] {
        await NodeCheck(run).findings().problems.map { "\($0)".replacing(directory, with: "DIR") }
    }

    /// The warnings of `check`, as they are printed.
    func warnings() async -> [String] {
        await NodeCheck(run).findings().warnings.map { "\($0)".replacing(directory, with: "DIR") }
    }

    /// Writes a file beside the task file, and returns its path.
    @discardableResult
    func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws -> String {
        try FileSystem.write(Array(text.utf8), to: "\(directory)/\(name)", mode: mode)
        return "\(directory)/\(name)"
    }

    /// Reads a file beside the task file, `nil` if there is none.
    func read(_ name: String) throws -> String? {
        guard try FileSystem.exists("\(directory)/\(name)") else { return nil }
        return try Files.text("\(directory)/\(name)")
    }
}

/// Sets up a bench, under a root unless said otherwise, and clears it away.
///
/// A body that throws only inside of `#expect` must say so, `{ bench async throws in`: the compiler does not look there.
func withBench(
    _ tasks: String,
    root: String? = TemporaryDirectory.file("root"),
    isDryRun: Bool = false,
    now: @escaping @Sendable () -> Timestamp = { .now() },
    _ body: (Bench) async throws -> Void,
) async throws {
    let http = HTTPClient()
    do {
        try await body(
            try Bench(
                tasks,
                root: root,
                isDryRun: isDryRun,
                now: now,
                http: http
            )
        )
    } catch {
        await http.shutDown()
        throw error
    }
    await http.shutDown()
}

extension NodeFiles {
    /// Writes a file, and returns what happened to it.
    func write(
        _ bytes: [UInt8],
        to path: String,
        by task: String,
        mode: UInt32,
        owner: UInt32? = nil,
        group: UInt32? = nil
    ) throws(SystemError) -> Event.PathResult {
        let file = FileContent(bytes, path: path, mode: mode, owner: owner, group: group)
        return try writeTogether([file], by: task)[0]
    }
}

/// An error with its causes, as the program prints it.
private func words(_ error: any Error) -> String {
    guard let error = error as? Problem else { return "\(error)" }
    let cause = error.cause.map(words)
    let message = cause.map { $0.hasPrefix(error.message) ? $0 : "\(error.message): \($0)" } ?? error.message
    let hint = (error.cause as? SystemError)?.advice ?? error.hint
    return hint.map { "\(message); \($0)" } ?? message
}
