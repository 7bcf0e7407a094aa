import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Drawn objects, which several managers have written: servers and the agent do what the model of them does.
///
/// A hundred objects are drawn, with `NEST_ALL_CELLS=1` a thousand.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(15)))
struct ApplyModelTests {
    private static let seeds = 0..<(TestProcess.environment["NEST_ALL_CELLS"] == nil ? 100 : 1000)
    private static let namespace = Task { try await Session.inNewNamespace().namespace }

    @Test(arguments: seeds)
    func `a run does to several fields with several owners what the model says`(_ seed: Int) async throws {
        var generator = SplitMix64(seed: seed)
        var drawn = try await DrawnObject(name: "d\(seed)", namespace: Self.namespace.value)
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let manager = ApplyModel.Manager.allCases.randomElement(using: &generator) ?? .agent
            let manifest = manifest(&generator)
            if manager == .agent {
                try await drawn.run(manifest, .report)
            } else {
                try await drawn.send(manifest, as: manager)
            }
        }
        let mode = ApplyModel.Mode.allCases.randomElement(using: &generator) ?? .report
        let manifest = manifest(&generator)
        let result = try await drawn.run(manifest, mode)
        let again = try await drawn.run(manifest, mode)
        #expect(again == ([.conflict, .refused].contains(result) ? result : .unchanged), "\(drawn.history)")
    }

    private func manifest(_ generator: inout SplitMix64) -> ApplyModel.Manifest {
        var manifest: ApplyModel.Manifest = [:]
        for field in ModelField.allCases {
            let value = Int.random(in: 0...field.values.count, using: &generator)
            if value > 0 { manifest[field] = value }
        }
        return manifest
    }
}

/// An object on a server, and the model of it.
private struct DrawnObject {
    private let name: String
    private let namespace: String
    private let session: Session
    private var model: ApplyModel
    /// The steps so far, for messages.
    private(set) var history: [String] = []

    private var collection: String { "/apis/apps/v1/namespaces/\(namespace)/deployments" }
    private var path: String { "\(collection)/\(name)" }

    init(name: String, namespace: String) async throws {
        (self.name, self.namespace, session) = (name, namespace, try await Session.admin())
        model = ApplyModel(keepsDefaults: try await TestCluster.minorVersion() < 21)
    }

    /// Sends a manifest as another manager.
    mutating func send(_ manifest: ApplyModel.Manifest, as manager: ApplyModel.Manager) async throws {
        history.append("\(manager): \(manifest.map { "\($0.key)=\($0.value)" }.sorted())")
        let text = ModelField.manifest(manifest, name: name, namespace: namespace)
        let exists = model.exists
        let isAccepted = model.send(manifest, as: manager)
        var isDone = true
        do {
            if manager.updates {
                try await session.update(
                    exists ? "PATCH" : "POST",
                    text,
                    at: exists ? path : collection,
                    as: manager.rawValue,
                    contentType: "application/strategic-merge-patch+json"
                )
            } else {
                try await session.write(text, to: path, as: manager.rawValue)
            }
        } catch APIError.refused(let refusal) where refusal.isInvalid {
            isDone = false
        }
        #expect(isDone == isAccepted, "\(history)")
        try await expectModel()
    }

    /// Runs the agent, first as a dry run.
    @discardableResult
    mutating func run(
        _ manifest: ApplyModel.Manifest,
        _ mode: ApplyModel.Mode
    ) async throws -> ApplyModel.Result {
        history.append("run, \(mode): \(manifest.map { "\($0.key)=\($0.value)" }.sorted())")
        var session = session
        session.takenManagers = ["listed-*"]
        session.keepsConflicts = mode == .keep
        let text = ModelField.manifest(manifest, name: name, namespace: namespace)
        let isForced = mode == .force
        let planned = await session.apply(text, forceConflicts: isForced, dryRunOverlay: DryRunOverlay())
        try await expectModel()
        let before = model
        let lines = await session.apply(text, forceConflicts: isForced)
        let result = model.run(manifest, mode)
        #expect(self.result(of: lines) == result, "\(history): \(lines)")
        #expect(self.result(of: planned) == result, "\(history): \(planned)")
        try await expectModel()
        // Each value that changes has a line in the dry run.
        for field in ModelField.allCases where result == .configured && before[field].value != model[field].value {
            #expect(planned.contains { $0.contains(field.name) }, "\(history): \(field) in \(planned)")
        }
        return result
    }

    private func expectModel() async throws {
        let object = try await session.object(path)
        for field in ModelField.allCases where object != nil {
            let state = field.state(in: object)
            #expect(state == model[field], "\(history): \(field)")
        }
        #expect((object != nil) == model.exists)
    }

    private func result(of lines: [String]) -> ApplyModel.Result? {
        let text = lines.joined(separator: "\n")
        let results: [(String, ApplyModel.Result)] = [
            ("created ", .created), ("configured ", .configured), ("unchanged ", .unchanged),
        ]
        if let result = results.first(where: { text.hasPrefix($0.0) }) { return result.1 }
        if text.contains("' is refused: ") { return .refused }
        return text.contains(" is owned by '") ? .conflict : nil
    }
}
