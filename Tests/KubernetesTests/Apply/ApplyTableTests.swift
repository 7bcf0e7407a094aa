import Base
@testable import Kubernetes
import TestSupport
import Testing

extension ApplyTable.Cell: CustomTestStringConvertible {
    var testDescription: String { "\(owner.rawValue), \(value.rawValue), \(type.rawValue), \(run.rawValue)" }
}

/// The table of docs/apply.md, of which each cell is tried on a server.
///
/// A tenth of the cells is tried, with `NEST_ALL_CELLS=1` all of them.
@Suite(.needsAPIServer, .timeLimit(.minutes(15)))
struct ApplyTableTests {
    private static let tenth = ApplyTable.existing.enumerated().filter { $0.offset % 10 == 0 }.map(\.element)
    private static let selected = TestProcess.environment["NEST_ALL_CELLS"] == nil ? tenth : ApplyTable.existing

    /// The namespace of all objects, on a server that has the kind with defaults.
    private static let namespace = Task {
        let (session, namespace) = try await Session.inNewNamespace()
        let lines = await session.apply(TableField.definition.replacing("NAMESPACE", with: namespace))
        #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("created ") }, "\(lines)")
        return namespace
    }

    @Test func `docs/apply.md has the outcome of each cell`() throws {
        let rows = try Files.text("\(TestCluster.sourceRoot)/docs/apply.md").split(separator: "\n").map { line in
            line.split(separator: "|").map { $0.trimmingPrefix(" ") }
        }
        for cell in ApplyTable.existing {
            let row = rows.first { columns in
                columns.count > 7 && columns[0].hasPrefix("\(cell.owner.rawValue) ")
                    && columns[1].hasPrefix("\(cell.value.rawValue) ")
            }
            let run = ApplyTable.Run.allCases.firstIndex(of: cell.run) ?? 0
            // The outcome of most types, then those of the others as `; type: outcome`.
            let parts = (row?[2 + run] ?? "").split(separator: "; ")
            let own = parts.dropFirst().first { $0.prefix { $0 != ":" }.contains(cell.type.rawValue) } ?? parts.first
            let outcome = own?.split(separator: " ").last.map(String.init)
            #expect(outcome == cell.outcome.rawValue, "\(cell.testDescription): \(row ?? [])")
        }
    }

    @Test func `the tenth of the cells has every owner, value, type, run and outcome`() {
        #expect(Set(Self.tenth.map(\.owner)).count == ApplyTable.Owner.allCases.count)
        #expect(Set(Self.tenth.map(\.value)).count == ApplyTable.Value.allCases.count)
        #expect(Set(Self.tenth.map(\.type)).count == ApplyTable.FieldType.allCases.count)
        #expect(Set(Self.tenth.map(\.run)).count == ApplyTable.Run.allCases.count)
        #expect(Set(Self.tenth.map(\.outcome)).count == ApplyTable.Outcome.allCases.count)
    }

    @Test(arguments: selected)
    func `a field is treated as the table says`(_ cell: ApplyTable.Cell) async throws {
        var session = try await Session.admin()
        session.takenManagers = cell.run == .migration ? [] : ["listed"]
        session.keepsConflicts = cell.run == .keep
        let name = "c\(ApplyTable.cells.firstIndex(of: cell) ?? 0)"
        let field = TableField(cell, name: name, namespace: try await Self.namespace.value)
        if cell.run == .first {
            try await makeFirst(cell.owner, field, session)
        } else if cell.run == .migration {
            try await makeKubectls(cell.owner, field, session)
        } else {
            try await makeLater(cell.owner, field, session)
        }
        let before = field.state(of: try await session.object(field.path))
        #expect(before.value == (cell.owner == .absent ? nil : .same))
        let manifest = field.manifest(cell.owner == .absent && cell.type == .setItem ? absentItem(cell) : cell.value)
        // Each run is tried as a dry run first.
        let isForced = cell.run == .force
        let planned = await session.apply(manifest, forceConflicts: isForced, dryRunOverlay: DryRunOverlay())
        #expect(field.state(of: try await session.object(field.path)) == before)
        let lines = await session.apply(manifest, forceConflicts: isForced)
        let after = field.state(of: try await session.object(field.path))
        let outcome = outcome(lines, before, after)
        let expected = cell.outcome
        #expect(outcome == expected, "\(lines)\n\(before)\n\(after)")
        #expect(planned.count == 1 && planned[0].prefix { $0 != " " } == lines[0].prefix { $0 != " " }, "\(planned)")
        let changed = planned.flatMap { $0.split(separator: "\n") }.filter(field.isChange)
        #expect(changed.isEmpty == (before.value == after.value), "\(planned)\n\(lines)")
        let isApplied = ![.first, .migration, .keep].contains(cell.run)
        if isApplied, [.unchanged, .kept].contains(expected) {
            #expect(lines.first?.hasPrefix("unchanged ") == true, "\(lines)")
        }
        // A second run changes nothing.
        let again = await session.apply(manifest, forceConflicts: isForced)
        #expect(field.state(of: try await session.object(field.path)) == after)
        if [.conflict, .refused].contains(expected) {
            #expect(again == lines)
        } else {
            #expect(again.count == 1 && again[0].hasPrefix("unchanged "), "\(again)")
        }
    }

    /// The item itself, because that of a set has no other value.
    private func absentItem(_ cell: ApplyTable.Cell) -> ApplyTable.Value {
        cell.value == .other ? .same : cell.value
    }

    /// Makes an object that the agent has not applied.
    private func makeFirst(_ owner: ApplyTable.Owner, _ field: TableField, _ session: Session) async throws {
        let live = field.manifest(.same)
        switch owner {
        case .absent, .nobody: try await session.write(field.manifest(.missing), to: field.path, as: "creator")
        case .agent: Issue.record("the agent owns no field before its first run")
        case .listed: try await session.update("POST", live, at: field.collection, as: "listed")
        case .applier: try await session.write(live, to: field.path, as: "other")
        case .updater: try await session.update("POST", live, at: field.collection, as: "other")
        case .withApplier:
            try await session.update("POST", live, at: field.collection, as: "listed")
            try await session.write(live, to: field.path, as: "other")
        case .withUpdater:
            try await session.update("POST", live, at: field.collection, as: "other")
            try await session.write(live, to: field.path, as: "listed")
        }
    }

    /// Makes an object that the agent has applied.
    private func makeLater(_ owner: ApplyTable.Owner, _ field: TableField, _ session: Session) async throws {
        let (live, rest) = (field.manifest(.same), field.manifest(.missing))
        if owner == .withUpdater { try await session.update("POST", live, at: field.collection, as: "other") }
        let isAgents = [.agent, .withApplier, .withUpdater].contains(owner)
        let lines = await session.apply(isAgents ? live : rest)
        #expect(lines.count == 1 && (lines[0].hasPrefix("created ") || owner == .withUpdater), "\(lines)")
        switch owner {
        case .listed: try await session.update("PATCH", live, at: field.path, as: "listed")
        case .updater: try await session.update("PATCH", live, at: field.path, as: "other")
        case .applier, .withApplier: try await session.write(live, to: field.path, as: "other")
        case .absent, .agent, .withUpdater, .nobody: break
        }
    }

    /// Makes an object that client-side kubectl has applied.
    private func makeKubectls(_ owner: ApplyTable.Owner, _ field: TableField, _ session: Session) async throws {
        let (live, rest) = (field.manifest(.same), field.manifest(.missing))
        let kubectl = "kubectl-client-side-apply"
        switch owner {
        case .absent: try await session.update("POST", field.annotated(rest), at: field.collection, as: kubectl)
        case .agent, .nobody:
            _ = await session.apply(owner == .agent ? live : rest)
            let annotations = try field.annotations(rest)
            try await session.update("PATCH", "{metadata: {annotations: \(annotations)}}", at: field.path, as: kubectl)
        case .listed: try await session.update("POST", field.annotated(live), at: field.collection, as: kubectl)
        case .updater:
            try await session.update("POST", field.annotated(rest), at: field.collection, as: kubectl)
            try await session.update("PATCH", live, at: field.path, as: "other")
        case .applier, .withApplier:
            let first = owner == .withApplier ? live : rest
            try await session.update("POST", field.annotated(first), at: field.collection, as: kubectl)
            try await session.write(live, to: field.path, as: "other")
        case .withUpdater: Issue.record("two managers that update do not share a value")
        }
    }

    /// Determines what a run did, from what it said and from the states before and after it.
    private func outcome(
        _ lines: [String],
        _ before: TableField.State,
        _ after: TableField.State
    ) -> ApplyTable.Outcome? {
        guard let line = lines.first, lines.count == 1 else { return nil }
        let agent = ManagedMetadata.manager
        if !["created ", "configured ", "unchanged "].contains(where: line.hasPrefix) {
            // The fields of managers that are taken over are the agent's already.
            let taken: Set = ["listed", "kubectl-client-side-apply", agent]
            guard before.value == after.value, before.owners.subtracting(taken) == after.owners.subtracting(taken)
            else {
                return nil
            }
            if line.contains(" is owned by 'other'") { return .conflict }
            return line.contains("' is refused: ") ? .refused : nil
        }
        let (others, left) = (before.owners.subtracting([agent]), after.owners.subtracting([agent]))
        if before.value != after.value {
            guard after.value != nil else { return .removed }
            guard before.value != nil else { return .added }
            return others.isEmpty ? .changed : left.isEmpty ? .taken : nil
        }
        if before.owners == after.owners {
            return before.owners.contains(agent) || before.value == nil ? .unchanged : .kept
        }
        guard after.owners.contains(agent) else { return before.owners.contains(agent) ? .left : .kept }
        return left.isEmpty ? .adopted : .shared
    }
}

/// The outcomes of docs/apply.md: what a run does to a field, by its owner, its value, its type and the kind of run.
enum ApplyTable {
    /// The owner of a field of the object on the server.
    enum Owner: String, CaseIterable {
        case absent = "absent on the object"
        case agent = "the agent"
        case listed = "a manager that is taken over"
        case applier = "another manager, which applies"
        case updater = "another manager, which updates"
        case withApplier = "several, and the other applies"
        case withUpdater = "several, and the other updates"
        case nobody = "nobody, a default"
    }

    /// The value of the field in the manifest, compared with that on the server.
    enum Value: String, CaseIterable {
        case same, other, missing
    }

    enum FieldType: String, CaseIterable {
        case scalar
        case mapEntry = "map entry"
        case listItem = "list item by key"
        case setItem = "set item"
        case atomicList = "atomic list"
        case union
    }

    enum Run: String, CaseIterable {
        case first = "first run"
        case later = "later run"
        case dryRun = "dry run"
        case force = "`force`"
        case keep = "`keep`"
        case migration = "after kubectl"
    }

    enum Outcome: String, CaseIterable {
        case unchanged
        case added
        case changed
        case taken
        case adopted
        case shared
        case removed
        case kept
        case left
        case conflict
        case refused
    }

    struct Cell: Hashable {
        var owner: Owner
        var value: Value
        var type: FieldType
        var run: Run
    }

    /// All combinations, also those that cannot exist.
    static let cells = Owner.allCases.flatMap { owner in
        Value.allCases.flatMap { value in
            FieldType.allCases.flatMap { type in
                Run.allCases.map { Cell(owner: owner, value: value, type: type, run: $0) }
            }
        }
    }

    /// The cells that can exist, which are tested.
    static let existing = cells.filter(\.canExist)
}

extension ApplyTable.Cell {
    var canExist: Bool {
        // A field that is absent has no value, and the agent owns no field before its first run.
        if owner == .absent && value == .same || owner == .agent && run == .first { return false }
        // Of managers that update, such as kubectl, only the last one to change a value owns it.
        if owner == .withUpdater, run == .migration { return false }
        // An item of a set is its value; the manifest adds the item if it is absent.
        return type != .setItem || value != .other || owner == .absent
    }

    var outcome: ApplyTable.Outcome {
        switch (owner, value) {
        case (.absent, .missing): .unchanged
        case (.absent, _): .added
        case (.agent, .same): .unchanged
        case (.agent, .other): .changed
        case (.agent, .missing): .removed
        case (.listed, .same): .adopted
        case (.listed, .other): .taken
        case (.listed, .missing): .removed
        case (.applier, .same), (.updater, .same): .shared
        case (.applier, .missing), (.updater, .missing): .kept
        case (.withApplier, .same), (.withUpdater, .same): isFirst ? .shared : .unchanged
        case (.withApplier, .missing), (.withUpdater, .missing): isFirst ? .kept : .left
        case (.nobody, .same): .adopted
        case (.nobody, .other): type == .union ? .refused : .changed
        case (.nobody, .missing): .kept
        case (.applier, .other), (.updater, .other), (.withApplier, .other), (.withUpdater, .other): conflict
        }
    }

    /// Whether the agent has not applied the field before.
    private var isFirst: Bool { run == .first || run == .migration }

    /// The outcome if another manager has set another value.
    private var conflict: ApplyTable.Outcome {
        if type == .union { return .refused }
        switch run {
        case .force: return .taken
        case .keep: return owner == .withApplier || owner == .withUpdater ? .left : .kept
        case .first, .later, .dryRun, .migration: return .conflict
        }
    }
}
