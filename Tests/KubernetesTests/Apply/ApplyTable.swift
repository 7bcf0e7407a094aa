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
