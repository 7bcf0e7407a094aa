import TestSupport
import Testing

/// A failure of one task, and what must be printed about it.
struct FailureCase: Sendable, CustomTestStringConvertible {
    /// The number in the list of failures.
    var id: String

    /// What is wrong.
    var failure: String

    /// The manifest.
    var manifest = ""

    /// What the manifest has in the place of something else when kubectl applies it before.
    var change: (old: String, new: String)?

    /// The manager of the object before.
    var manager = "nest-bootstrap"

    /// The kubeconfig, a name in the cluster's directory.
    var kubeconfig = "admin"

    /// Further settings of `apply`.
    var options = ""

    /// The lines of standard error without the task; `…` is any text.
    var lines: [String]

    /// How long the task may take.
    var timeout = "10m"

    var testDescription: String { "\(id) \(failure)" }

    /// The name of the task and of the manifest.
    fileprivate var task: String { "t\(id.lowercased())" }
}

/// Repeats a manifest 17 times, each with its number in the place of `NUMBER`.
func seventeen(_ manifest: String) -> String {
    (0..<17).map { "---\n\(manifest.replacing("NUMBER", with: "\($0)"))\n" }.joined()
}

/// The output of a run with a task for each of several failures.
struct Diagnosis: Sendable {
    private let lines: [String: [String]]

    /// What the run printed to standard output.
    let output: String

    /// Runs all cases beside each other.
    ///
    /// - Parameters:
    ///   - cases: The failures.
    ///   - name: The name of a directory, and of the namespace that the objects are in.
    ///   - cluster: The server.
    /// - Throws: ``ToolFailure`` if what the failures need cannot be prepared.
    init(_ cases: [FailureCase], name: String, on cluster: TestCluster) async throws {
        for item in cases {
            guard let (old, new) = item.change else { continue }
            let before = item.manifest.replacing(new, with: old)
            try await cluster.mustApply(before, manager: item.manager)
        }
        let tasks = cases.map { item in
            let kubeconfig = "\(cluster.directory)/\(item.kubeconfig).kubeconfig"
            return "  \(item.task): {timeout: \(item.timeout), apply: {kubeconfig: \(kubeconfig), "
                + "manifests: [\(item.id).yaml]\(item.options)}}\n"
        }
        let node = try TestNode("tasks:\n\(tasks.joined())", in: "\(cluster.directory)/\(name)")
        for item in cases { try node.write(item.manifest, to: "\(item.id).yaml") }
        let result = try await node.run("run")
        output = result.output
        let errors = result.errorLines.map { line in
            line.replacing("\(node.directory)/", with: "").replacing("\(cluster.directory)/", with: "").masked
        }
        lines = Dictionary(grouping: errors.filter { $0.contains(": error: ") }) { line in
            String(line.prefix { $0 != ":" })
        }
        for item in cases { print("\(item.id) \(item.failure):\n    \(found(item).joined(separator: "\n    "))") }
    }

    /// The lines about a failure, without the task.
    func found(_ item: FailureCase) -> [String] {
        let start = "\(item.task): error: "
        return (lines[item.task] ?? []).map { String($0.trimmingPrefix(start)) }
    }

    /// Compares what was printed about a failure.
    func expect(_ item: FailureCase, sourceLocation: SourceLocation = #_sourceLocation) {
        let found = found(item)
        #expect(found.count == item.lines.count, "\(found.joined(separator: "\n"))", sourceLocation: sourceLocation)
        for line in item.lines {
            let isFound = found.contains { Self.matches($0, line) }
            #expect(isFound, "\(line)\nis not among\n\(found.joined(separator: "\n"))", sourceLocation: sourceLocation)
        }
    }

    /// Whether a text is that of a pattern in which `…` is any text.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "…", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return text == pattern }
        guard text.hasPrefix(parts[0]), text.hasSuffix(parts[parts.count - 1]) else { return false }
        var rest = text.dropFirst(parts[0].count)
        for part in parts.dropFirst() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }
}
