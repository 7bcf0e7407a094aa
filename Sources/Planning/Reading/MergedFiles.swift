import YAML

/// The sections of all task files, later files over earlier ones, before anybody has looked inside.
struct MergedFiles {
    /// Entries by key in the order in which the keys first came.
    struct Section {
        private(set) var entries: [Mapping.Entry] = []
        private var indices: [String: Int] = [:]

        /// Sets an entry; a key that is there already keeps its position.
        mutating func set(_ entry: Mapping.Entry) {
            if let index = indices[entry.key] {
                entries[index] = entry
            } else {
                indices[entry.key] = entries.count
                entries.append(entry)
            }
        }

        /// The entry of a key.
        subscript(key: String) -> Mapping.Entry? {
            indices[key].map { entries[$0] }
        }
    }

    private(set) var cluster = Section()
    private(set) var nodes = Section()
    private(set) var variables = Section()
    private(set) var tasks = Section()
    /// The tasks that some file says more of than that they are switched off.
    private var described: Set<String> = []

    /// Where something is that is missing from all files.
    private(set) var place = Place(file: "bootstrap.yaml")

    /// Reads and merges files.
    init(_ files: [SourceFile], _ problems: Problems) {
        if let first = files.first { place = Place(file: first.path) }
        for file in files { merge(file, problems) }
        tellNamesOfNothing(problems)
        if tasks.entries.isEmpty, problems.all.isEmpty {
            problems.add(place, "no task is declared", hint: "write tasks: and a task below it")
        }
    }

    private mutating func merge(_ file: SourceFile, _ problems: Problems) {
        let documents: [Document]
        do {
            documents = try readDocuments(file.bytes, file: file.path, limits: .taskFile)
        } catch {
            problems.add(error.all)
            problems.isIncomplete = true
            return
        }
        let roots = documents.compactMap(\.root)
        if roots.count > 1 {
            problems.add(
                roots[1].place,
                "a task file holds one YAML document, found \(roots.count)",
                hint: "remove the line ---"
            )
        }
        for root in roots { merge(root, problems) }
    }

    private mutating func merge(_ root: Node, _ problems: Problems) {
        guard !root.isNull else { return }
        guard let mapping = root.mapping else {
            problems.add(
                root.place,
                "a task file must be a mapping, found \(describe(root))",
                hint: "write tasks: and a task below it"
            )
            return
        }
        var fields = Fields(mapping.entries, at: root.place, Subject(), Variables(), problems)
        merge(&fields, "cluster", into: \.cluster)
        merge(&fields, "nodes", into: \.nodes)
        merge(&fields, "variables", into: \.variables)
        merge(&fields, "tasks", into: \.tasks)
        fields.finish()
    }

    private mutating func merge(_ fields: inout Fields, _ key: String, into section: WritableKeyPath<Self, Section>) {
        // A section whose lines are all comments is `null`, and as good as absent.
        guard let entry = fields.take(key), !entry.value.isNull else { return }
        guard let below = fields.fields(key) else { return }
        for entry in below.entries {
            self[keyPath: section].set(entry)
            if section == \.tasks, !isSwitchedOff(entry) { described.insert(entry.key) }
        }
    }

    /// Whether a task has nothing but `enable: false`.
    private func isSwitchedOff(_ entry: Mapping.Entry) -> Bool {
        let entries = entry.value.mapping?.entries ?? []
        return entries.count == 1 && entries[0].key == "enable" && entries[0].value.boolean == false
    }

    /// Tells tasks that are switched off and that no file describes: most likely another is meant.
    private func tellNamesOfNothing(_ problems: Problems) {
        guard !problems.isIncomplete else { return }
        for entry in tasks.entries where !described.contains(entry.key) {
            let hint = problems.hint(for: entry.key, in: described.sorted(), else: "remove it")
            problems.add(entry.place, "task \(quoted(entry.key)) is switched off, and no file describes it", hint: hint)
        }
    }
}
