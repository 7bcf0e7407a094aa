import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

extension ApplyTable.Cell: CustomTestStringConvertible {
    var testDescription: String { "\(owner.rawValue), \(value.rawValue), \(type.rawValue), \(run.rawValue)" }
}

/// The table of docs/apply.md, of which each cell is tried on a server.
///
/// A tenth of the cells is tried, with `NEST_ALL_CELLS=1` all of them.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(15)))
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

    @Test func `docs/apply.md has the table`() throws {
        let document = try Files.text("\(TestCluster.sourceRoot)/docs/apply.md")
        let rows = { (section: String) -> [String] in
            let text = document.split(separator: "\n## ").first { $0.hasPrefix("\(section)\n") } ?? ""
            // The first two lines of a table are its heading.
            return text.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2).map(String.init)
        }
        #expect(rows("The table") == ApplyTable.rows, "\(ApplyTable.rows.joined(separator: "\n"))")
        let outcomes = ApplyTable.outcomeRows
        #expect(rows("Outcomes") == outcomes, "\(outcomes.joined(separator: "\n"))")
        let old = ApplyTable.oldRows
        #expect(rows("Servers of 1.20") == old, "\(old.joined(separator: "\n"))")
        let impossible = ApplyTable.impossibleRows
        #expect(rows("Cells that cannot exist") == impossible, "\(impossible.joined(separator: "\n"))")
        let numbers = "\(ApplyTable.cells.count) cells, of which \(ApplyTable.existing.count) can exist"
        #expect(document.contains(numbers), "\(numbers)")
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
        try await check(cell, isOldServer: try await TestCluster.minorVersion() < 21)
    }

    private func check(_ cell: ApplyTable.Cell, isOldServer: Bool) async throws {
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
        let expected = cell.outcome(isOldServer: isOldServer)
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
        if !["created ", "configured ", "unchanged "].contains(where: line.hasPrefix) {
            guard before == after else { return nil }
            if line.contains(" is owned by 'other'") { return .conflict }
            return line.contains("' is refused: ") ? .refused : nil
        }
        let agent = ManagedMetadata.manager
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

        var meaning: String {
            switch self {
            case .unchanged: "value and owners stay as they are"
            case .added: "the field is created with the value of the manifest"
            case .changed: "the value of the manifest replaces the agent's own value, or one that nobody owns"
            case .taken: "the value of the manifest replaces that of another manager, which no longer owns the field"
            case .adopted: "the value stays, and only the agent owns it from now on"
            case .shared: "the value stays, and the agent owns it too"
            case .removed: "the field is removed"
            case .kept: "the value stays with its owner, and the agent does not own it"
            case .left: "the agent gives its part up; the value stays with the other manager"
            case .conflict: "the object is not changed; the message has both values and the manager"
            case .refused: "the server refuses the object, which is not changed"
            }
        }
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
    static let existing = cells.filter { $0.impossibility == nil }
}

extension ApplyTable {
    /// A reason why a cell cannot exist.
    enum Impossibility: CaseIterable {
        case noValue, noRunYet, twoUpdates, itemIsItsValue

        /// The cells, and why they cannot exist.
        var texts: (cells: String, reason: String) {
            switch self {
            case .noValue: ("absent on the object, same", "a field that is absent has no value")
            case .noRunYet: ("the agent, first run", "the agent owns no field before its first run")
            case .twoUpdates:
                (
                    "several, and the other updates, after kubectl",
                    "kubectl updates too, and of managers that update only the last one to change a value owns it"
                )
            case .itemIsItsValue:
                (
                    "set item, other",
                    "an item of a set is its value: with another value it is another item, and the first one is missing"
                )
            }
        }
    }
}

extension ApplyTable.Cell {
    var impossibility: ApplyTable.Impossibility? {
        if owner == .absent, value == .same { return .noValue }
        if owner == .agent, run == .first { return .noRunYet }
        if owner == .withUpdater, run == .migration { return .twoUpdates }
        // The manifest adds the item if it is absent.
        if type == .setItem, value == .other, owner != .absent { return .itemIsItsValue }
        return nil
    }

    /// The outcome, by the version of the server.
    func outcome(isOldServer: Bool) -> ApplyTable.Outcome {
        isOldServer ? oldOutcome ?? outcome : outcome
    }

    /// The outcome on servers of 1.20, if it is another one.
    var oldOutcome: ApplyTable.Outcome? {
        // The server does not record the owner of an empty value.
        owner == .nobody && value == .same && type == .union ? .kept : nil
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
        case (.nobody, .other): .changed
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
        case .keep: return owner == .withApplier ? .left : owner == .withUpdater ? .unchanged : .kept
        case .first, .later, .dryRun, .migration: return .conflict
        }
    }
}

/// The rows of docs/apply.md.
extension ApplyTable {
    /// The rows of the table, one for each owner and value.
    static var rows: [String] {
        Owner.allCases.flatMap { owner in
            Value.allCases.filter { owner != .absent || $0 != .same }.map { value in
                let texts = Run.allCases.map { run in
                    text(FieldType.allCases.map { Cell(owner: owner, value: value, type: $0, run: run) })
                }
                return
                    "| \(owner.rawValue) | \(value.rawValue) | \(texts.joined(separator: " | ")) | \(reason(owner, value)) |"
            }
        }
    }

    /// The outcome of most types, then those of the others.
    private static func text(_ cells: [Cell]) -> String {
        let existing = cells.filter { $0.impossibility == nil }
        let groups = Outcome.allCases.map { outcome in existing.filter { $0.outcome == outcome } }
            .filter { !$0.isEmpty }
        guard let usual = groups.max(by: { $0.count < $1.count }) else { return "–" }
        let others = groups.filter { $0 != usual }.map { group in
            "; \(group.map(\.type.rawValue).joined(separator: ", ")): \(group[0].outcome.rawValue)"
        }
        return usual[0].outcome.rawValue + others.joined()
    }

    /// The rows of the cells that are different on servers of 1.20.
    static var oldRows: [String] {
        let kinds = existing.filter { $0.oldOutcome != nil }.map { cell in
            let outcomes = "\(cell.outcome.rawValue) | \(cell.oldOutcome?.rawValue ?? "")"
            return "| \(cell.owner.rawValue) | \(cell.value.rawValue) | \(cell.type.rawValue) | \(outcomes) |"
        }
        return kinds.enumerated().filter { kinds.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    }

    /// The rows of the outcomes, with their meanings.
    static var outcomeRows: [String] {
        Outcome.allCases.map { "| \($0.rawValue) | \($0.meaning) |" }
    }

    /// The rows of the cells that cannot exist, with their numbers and reasons.
    static var impossibleRows: [String] {
        Impossibility.allCases.map { reason in
            let number = cells.count { $0.impossibility == reason }
            return "| \(reason.texts.cells) | \(number) | \(reason.texts.reason) |"
        }
    }

    private static func reason(_ owner: Owner, _ value: Value) -> String {
        switch (owner, value) {
        case (.absent, .missing): "nobody wants it"
        case (.absent, _): "the manifest has it"
        case (.agent, .same): "nothing differs"
        case (.agent, .other): "the last manifest that was applied wins"
        case (.agent, .missing): "the agent applied it, and nobody else wants it"
        case (.listed, .same): "the fields of this manager become the agent's"
        case (.listed, .other): "the fields of this manager become the agent's, so there is no conflict"
        case (.listed, .missing): "the fields of this manager become the agent's, which does not have this one"
        case (.applier, .same), (.updater, .same): "equal values can have several owners"
        case (.applier, .other), (.updater, .other):
            "two managers want different values; the server refuses two members of a union"
        case (.applier, .missing), (.updater, .missing): "the agent does not touch what it does not have"
        case (.withApplier, .same), (.withUpdater, .same): "equal values can have several owners"
        case (.withApplier, .other), (.withUpdater, .other):
            "the other manager wants the old value; the server refuses two members of a union"
        case (.withApplier, .missing), (.withUpdater, .missing): "the server keeps what another manager owns too"
        case (.nobody, .same): "the manifest has it, so the agent owns it"
        case (.nobody, .other): "a default is nobody's, so there is no conflict"
        case (.nobody, .missing): "the agent does not touch what it does not have"
        }
    }
}
