import Base

/// The sections of all task files, merged before the values in them are read.
///
/// A later entry replaces an earlier one of the same name, but `leaves` are merged, and a task with no key but `enable`
/// only switches the earlier task on or off.
struct MergedFiles {
    /// The entries of a section, in the order in which their keys first occurred.
    struct Section {
        private(set) var entries: [Mapping.Entry] = []
        private var indices: [String: Int] = [:]

        /// The location of the section's key in the first file that has entries in the section.
        fileprivate var location = SourceLocation.nowhere

        /// Adds an entry, or replaces the entry with the same key in place.
        mutating func set(_ entry: Mapping.Entry) {
            if let index = indices[entry.key] {
                entries[index] = entry
            } else {
                indices[entry.key] = entries.count
                entries.append(entry)
            }
        }

        func value(_ name: String, _ variables: Variables, _ problems: ProblemCollector) -> ConfigValue {
            ConfigValue(
                node: Node(.mapping(Mapping(entries)), location: location),
                subject: ValueName(path: [name]),
                variables: variables,
                problems: problems
            )
        }

        subscript(key: String) -> Mapping.Entry? {
            indices[key].map { entries[$0] }
        }
    }

    private(set) var cluster = Section()
    private(set) var nodes = Section()
    private(set) var variables = Section()
    private(set) var certificates = Section()
    private(set) var tasks = Section()
    /// The names of the variables of the first file, which is the task file itself.
    private var ownVariables: Set<String> = []

    /// The names of the variables that only drop-ins set.
    var dropInVariables: Set<String> { Set(variables.entries.map(\.key)).subtracting(ownVariables) }

    /// Whether any file has the key `tasks`, even without a value.
    private var hasTasks = false

    /// The location for problems about something that is missing from all files.
    private(set) var location = SourceLocation(file: "bootstrap.yaml")

    init(_ files: [SourceFile], _ problems: ProblemCollector) {
        if let first = files.first { location = SourceLocation(file: first.path) }
        for (index, file) in files.enumerated() {
            merge(file, problems)
            if index == 0 { ownVariables = Set(variables.entries.map(\.key)) }
        }
        dropUndeclaredSwitches(problems)
        // On the operator's machine, a file may have only certificates.
        if !hasTasks, certificates.entries.isEmpty, problems.all.isEmpty {
            problems.add(location, "no task is declared", hint: "write tasks: and a task below it")
        }
    }

    private mutating func merge(_ file: SourceFile, _ problems: ProblemCollector) {
        let documents = readTaskFileDocuments(file)
        problems.add(documents.problems)
        if !documents.problems.isEmpty { problems.isIncomplete = true }
        for root in documents.roots { merge(KeyCorrections.corrected(root, problems), problems) }
    }

    private mutating func merge(_ root: Node, _ problems: ProblemCollector) {
        guard !root.isNull else { return }
        guard let mapping = root.mapping else {
            problems.add(
                root.location,
                "a task file must be a mapping, found \(describe(root))",
                hint: "write tasks: and a task below it"
            )
            return
        }
        let fields = ConfigValue(node: root, problems: problems)
        merge(fields, "cluster", into: \.cluster)
        merge(fields, "nodes", into: \.nodes)
        merge(fields, "variables", into: \.variables)
        merge(fields, "certificates", into: \.certificates)
        if mapping.entries.contains(where: { $0.key == "tasks" }) { hasTasks = true }
        merge(fields, "tasks", into: \.tasks)
    }

    private mutating func merge(
        _ fields: ConfigValue,
        _ key: String,
        into section: WritableKeyPath<Self, Section>
    ) {
        // A section that contains only comments is `null`.
        guard let entry = fields.entry(key), !entry.value.isNull else { return }
        if self[keyPath: section].entries.isEmpty { self[keyPath: section].location = entry.location }
        let hint = "write a name, such as 'NAME:', and what follows indented below it"
        guard let below = fields.value(of: entry).mapping("a mapping", hint: hint) else {
            fields.problems.isIncomplete = true
            return
        }
        for entry in below.entries {
            let state = section == \.tasks ? switchAlone(of: entry) : nil
            let merged = section == \.certificates ? withEarlierLeaves(entry) : entry
            self[keyPath: section].set(state.map { switched(entry, $0) } ?? merged)
        }
    }

    /// Returns an entry `leaves` with the certificates of earlier files added, and any other entry unchanged.
    private func withEarlierLeaves(_ entry: Mapping.Entry) -> Mapping.Entry {
        guard entry.key == "leaves", let new = entry.value.mapping,
            let old = certificates[entry.key]?.value.mapping
        else { return entry }
        var merged = Section()
        for leaf in old.entries + new.entries { merged.set(leaf) }
        var entry = entry
        entry.value.content = .mapping(Mapping(merged.entries))
        return entry
    }

    /// Returns the value of `enable` if it is the task's only key, or else `nil`.
    private func switchAlone(of entry: Mapping.Entry) -> Node? {
        let entries = entry.value.mapping?.entries ?? []
        return entries.count == 1 && entries[0].key == "enable" ? entries[0].value : nil
    }

    /// Returns the declaration of earlier files with `enable` set, or the entry itself if there is none.
    private func switched(_ entry: Mapping.Entry, _ state: Node) -> Mapping.Entry {
        guard var task = tasks[entry.key], var mapping = task.value.mapping else { return entry }
        let isOn = state.boolean == true
        mapping["enable"] = state
        // A disabled task has the location of the entry that disables it, so that messages name that entry.
        if !isOn { task.location = entry.location }
        if isOn, task.location.file != task.value.location.file { task.location = task.value.location }
        task.value.content = .mapping(mapping)
        return task
    }

    /// Drops and reports tasks that have only the key `enable`, unless a file could not be read.
    private mutating func dropUndeclaredSwitches(_ problems: ProblemCollector) {
        guard !problems.isIncomplete else { return }
        var declared = Section()
        for entry in tasks.entries where switchAlone(of: entry) == nil { declared.set(entry) }
        for entry in tasks.entries {
            guard let state = switchAlone(of: entry) else { continue }
            problems.add(
                entry.location,
                "task \(quoted(entry.key)) is \(state.boolean == true ? "enabled" : "disabled"), but no file declares it",
                hint: problems.hint(for: entry.key, in: declared.entries.map(\.key).sorted(), else: "remove it")
            )
        }
        tasks = declared
    }
}
