import Base
@testable import Kubernetes
import TestSupport
import Testing

/// Drawn objects, which several managers have written: servers and the agent do what the model of them does.
///
/// A hundred objects are drawn, with `NEST_ALL_CELLS=1` a thousand.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
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
    private var model = ApplyModel()
    /// The steps so far, for messages.
    private(set) var history: [String] = []

    private var collection: String { "/apis/apps/v1/namespaces/\(namespace)/deployments" }
    private var path: String { "\(collection)/\(name)" }

    init(name: String, namespace: String) async throws {
        (self.name, self.namespace, session) = (name, namespace, try await Session.admin())
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

/// A model of an object, of what a server does to it, and of what the agent decides about it.
///
/// The decisions are those of docs/apply.md, for an object with several fields that have any owners.
struct ApplyModel {
    enum Manager: String, CaseIterable {
        case agent = "nest-bootstrap"
        /// A manager that is taken over and applies, and one that updates.
        case listedApplier = "listed-applier"
        case listedUpdater = "listed-updater"
        /// A manager that nobody named and that applies, and one that updates.
        case applier = "applier"
        case updater = "updater"

        var isForeign: Bool { self == .applier || self == .updater }
        var isListed: Bool { self == .listedApplier || self == .listedUpdater }
        var updates: Bool { self == .listedUpdater || self == .updater }
    }

    /// The value of a field and its owners.
    struct State: Equatable {
        var value: Int?
        var owners: Set<Manager> = []
        /// The owners of the item that the field is in; without one the item is removed with the field.
        var holders: Set<Manager> = []
    }

    /// The values of a manifest, which are 1 and 2.
    typealias Manifest = [ModelField: Int]

    enum Mode: String, CaseIterable {
        case report, force, keep
    }

    enum Result: Equatable {
        case created, configured, unchanged
        /// A field has another value of a manager that keeps it.
        case conflict
        /// The server refuses two members of a union.
        case refused
    }

    private(set) var fields: [ModelField: State] = [:]
    private(set) var exists = false
    /// Whether the agent has added its labels and annotations.
    private var isApplied = false

    subscript(field: ModelField) -> State { fields[field] ?? State(value: field.defaultValue) }

    /// Sends a manifest as another manager, which takes fields without a conflict; returns whether it is accepted.
    mutating func send(_ manifest: Manifest, as manager: Manager) -> Bool {
        var next = fields
        for field in ModelField.allCases {
            var state = self[field]
            if let value = manifest[field] {
                let isChange = value != state.value
                if field.isUnion, isChange, state.value != nil, manager.updates || state.owners != [manager] {
                    return false
                }
                if field.isInItem, !manager.updates || state.holders.isEmpty { state.holders.insert(manager) }
                if isChange { (state.value, state.owners) = (value, [manager]) }
                if !manager.updates { state.owners.insert(manager) }
            } else if !manager.updates {
                state = state.given(up: [manager], field)
            }
            // An update owns only what it changes; a creation changes defaults too.
            if manager.updates, !exists, state.value != nil { state.owners = [manager] }
            next[field] = state
        }
        (fields, exists) = (next, true)
        return true
    }

    /// Runs the agent; the result is determined by the states of the fields alone.
    mutating func run(_ manifest: Manifest, _ mode: Mode) -> Result {
        guard exists else {
            _ = send(manifest, as: .agent)
            isApplied = true
            return .created
        }
        let before = fields
        // Managers that are taken over lose their fields to the agent before anything is applied.
        fields = fields.mapValues { state in
            var state = state
            for owners in [\ApplyModel.State.owners, \.holders] where state[keyPath: owners].contains(where: \.isListed)
            {
                state[keyPath: owners] = state[keyPath: owners].filter(\.isForeign).union([.agent])
            }
            return state
        }
        var next: [ModelField: State] = [:]
        var refusals: [Result] = []
        for field in ModelField.allCases {
            let state = self[field]
            let decision = decision(state, manifest[field], field, mode)
            if decision == nil { refusals.append(field.isUnion ? .refused : .conflict) }
            next[field] = decision ?? state
        }
        // A server looks for conflicts before it validates the object.
        if let refusal = refusals.first(where: { $0 == .conflict }) ?? refusals.first { return refusal }
        let isChanged = !isApplied || next != before
        (fields, isApplied) = (next, true)
        return isChanged ? .configured : .unchanged
    }

    /// Returns the state of a field after a run, `nil` if its object is not changed because of it.
    private func decision(_ state: State, _ wanted: Int?, _ field: ModelField, _ mode: Mode) -> State? {
        let foreign = state.owners.filter(\.isForeign)
        guard let wanted else { return state.given(up: Set(Manager.allCases.filter { !$0.isForeign }), field) }
        let holders = field.isInItem ? state.holders.filter(\.isForeign).union([.agent]) : []
        if wanted == state.value { return State(value: wanted, owners: foreign.union([.agent]), holders: holders) }
        let taken = State(value: wanted, owners: [.agent], holders: holders)
        if foreign.isEmpty { return taken }
        if field.isUnion { return nil }
        switch mode {
        case .report: return nil
        case .force: return taken
        case .keep: return State(value: state.value, owners: foreign, holders: holders)
        }
    }
}

extension ApplyModel.State {
    /// Returns the state after managers have given the field up: without an owner it is removed, or has its default.
    fileprivate func given(up managers: Set<ApplyModel.Manager>, _ field: ModelField) -> Self {
        let rest = Self(
            value: value,
            owners: owners.subtracting(managers),
            holders: holders.subtracting(managers)
        )
        if field.isInItem, rest.holders.isEmpty { return Self() }
        // A value that nobody owned stays.
        let isGone = rest.owners.isEmpty && !owners.isEmpty
        return isGone ? Self(value: field.defaultValue, holders: rest.holders) : rest
    }
}

/// A field of the model's object, which is a Deployment.
enum ModelField: String, CaseIterable {
    case scalar, mapEntry, listItem, setItem, atomicList, union, defaulted

    var isUnion: Bool { self == .union }
    var isInItem: Bool { self == .listItem }

    /// The value that the server gives the field if no manifest has it.
    var defaultValue: Int? { self == .defaulted ? 1 : nil }

    /// The values of the field; another value of an item of a set is another item.
    var values: [String] {
        switch self {
        case .scalar: ["minReadySeconds: 4", "minReadySeconds: 5"]
        case .mapEntry: ["k: first", "k: second"]
        case .listItem: ["{name: K, value: first}", "{name: K, value: second}"]
        case .setItem: ["model.test/k"]
        case .atomicList: ["args: [first]", "args: [second]"]
        case .union: ["livenessProbe: {httpGet: {port: 80}}", "livenessProbe: {tcpSocket: {port: 80}}"]
        case .defaulted: ["revisionHistoryLimit: 10", "revisionHistoryLimit: 3"]
        }
    }

    /// The paths of the values in an object's managed fields.
    private var owned: [[String]] {
        let template = ["f:spec", "f:template"]
        let container = template + ["f:spec", "f:containers", #"k:{"name":"c"}"#]
        return switch self {
        case .scalar: [["f:spec", "f:minReadySeconds"]]
        case .mapEntry: [template + ["f:metadata", "f:annotations", "f:k"]]
        case .listItem: [container + ["f:env", #"k:{"name":"K"}"#, "f:value"]]
        case .setItem: [["f:metadata", "f:finalizers", #"v:"model.test/k""#]]
        case .atomicList: [container + ["f:args"]]
        case .union: ["f:httpGet", "f:tcpSocket"].map { container + ["f:livenessProbe", $0] }
        case .defaulted: [["f:spec", "f:revisionHistoryLimit"]]
        }
    }

    /// The text in a line about a change of the field.
    var name: String {
        switch self {
        case .scalar: "minReadySeconds"
        case .mapEntry: "annotations.k"
        case .listItem: "env"
        case .setItem: "finalizers"
        case .atomicList: "args"
        case .union: "livenessProbe"
        case .defaulted: "revisionHistoryLimit"
        }
    }

    /// Returns the state of the field in an object of a server.
    func state(in object: Node?) -> ApplyModel.State {
        let entries = object?["metadata"]?["managedFields"]?.sequence ?? []
        func managers(of paths: [[String]]) -> Set<ApplyModel.Manager> {
            let owners = entries.filter { entry in
                paths.contains { keys in keys.reduce(entry["fieldsV1"]) { $0?[$1] } != nil }
            }
            return Set(owners.compactMap { $0["manager"]?.string }.compactMap(ApplyModel.Manager.init))
        }
        let value = values.indices.first { index in
            let manifest = try? node(Self.manifest([self: index + 1], name: "n", namespace: "n"))
            return manifest.flatMap(found).map { found(in: object)?.includes($0, owned: { .mapping([]) }) == true }
                ?? false
        }
        let items = isInItem ? owned.map { Array($0.dropLast()) + ["."] } : []
        return ApplyModel.State(
            value: value.map { $0 + 1 },
            owners: managers(of: owned),
            holders: managers(of: items)
        )
    }

    /// Returns the part of an object that the field determines.
    private func found(in object: Node?) -> Node? {
        let spec = object?["spec"]
        let container = spec?["template"]?["spec"]?["containers"]?[0]
        return switch self {
        case .scalar: spec?["minReadySeconds"]
        case .mapEntry: spec?["template"]?["metadata"]?["annotations"]?["k"]
        case .listItem: container?["env"]?.sequence?.first { $0["name"]?.string == "K" }
        case .setItem: object?["metadata"]?["finalizers"]?.sequence?.first { $0.string == "model.test/k" }
        case .atomicList: container?["args"]
        case .union: container?["livenessProbe"]
        case .defaulted: spec?["revisionHistoryLimit"]
        }
    }

    /// Returns a manifest that has some of the fields.
    static func manifest(_ values: ApplyModel.Manifest, name: String, namespace: String) -> String {
        func text(_ fields: ModelField...) -> String {
            fields.map { field in values[field].map { ", \(field.values[$0 - 1])" } ?? "" }.joined()
        }
        return """
            {apiVersion: apps/v1, kind: Deployment,
             metadata: {name: \(name), namespace: \(namespace), finalizers: [model.test/rest\(text(.setItem))]},
             spec: {paused: true, replicas: 0, selector: {matchLabels: {a: b}}\(text(.scalar, .defaulted)), template: {
              metadata: {labels: {a: b}, annotations: {rest: x\(text(.mapEntry))}}, spec: {containers: [
              {name: c, image: i, env: [{name: REST, value: x}\(text(.listItem))]\(text(.atomicList, .union))}]}}}}
            """
    }
}
