import Base

/// Finds a task's verb and reads it.
struct VerbReader {
    /// The collector to which problems are reported.
    let problems: ProblemCollector
    /// The facts about the node that verbs use.
    let verb: VerbContext

    /// Reads the verb.
    func read(_ fields: ConfigValue) -> ReadVerb? {
        let written = verbTypes.filter { isWritten($0, fields) }
        for type in verbTypes where !written.contains(where: { $0 == type }) {
            reportLonelyKeys(type.taskLevelKeys.compactMap { fields.entry($0) }, of: type, fields)
        }
        let verbs = written.map { read($0, fields) }
        reportCount(written, fields)
        return verbs.count == 1 ? verbs[0] : nil
    }

    private func expected(_ verb: String) -> String { "a mapping with the keys of '\(verb)'" }

    private func isWritten(_ type: any ReadableVerb.Type, _ fields: ConfigValue) -> Bool {
        fields.has(type.name) || type.shorthandKey.map(fields.has) ?? false
    }

    private func read(_ type: any ReadableVerb.Type, _ fields: ConfigValue) -> ReadVerb? {
        var entries = type.taskLevelKeys.compactMap { fields.entry($0) }
        guard let written = fields.entry(type.name) else {
            var own = fields
            own.entries = entries
            return type.read(own, verb)
        }
        let keys = type.descriptions.map(\.name)
        let hint = written.value.string.flatMap { joinedPair($0, keys) } ?? "write its keys below it: \(few(keys))"
        guard let below = fields.value(of: written).mapping(expected(type.name), hint: hint) else { return nil }
        for entry in below.entries {
            if let twin = entries.first(where: { $0.key == entry.key }) {
                let label = below.subject.label(entry.key)
                problems.add(
                    entry.location,
                    "\(label) is also a key of the task itself, at \(twin.location)",
                    hint: "remove one"
                )
            } else {
                entries.append(entry)
            }
        }
        var all = below
        all.entries = entries
        return type.read(all, verb)
    }

    /// Reports keys that belong to a verb although the task does not have that verb.
    private func reportLonelyKeys(
        _ entries: [Mapping.Entry],
        of type: any ReadableVerb.Type,
        _ fields: ConfigValue,
    ) {
        let owners = [type.shorthandKey, type.name].compactMap { $0.map { "'\($0)'" } }
        let addition = type.shorthandKey.map { "add \($0): PATH, or " } ?? ""
        for entry in entries {
            problems.add(
                entry.location,
                "\(fields.subject.label(entry.key)) goes with \(list(owners, "or")) only",
                hint: "\(addition)remove \(entry.key):"
            )
        }
    }

    private func reportCount(_ written: [any ReadableVerb.Type], _ fields: ConfigValue) {
        let name = fields.subject.name
        let shorthands = verbTypes.compactMap { $0.shorthandKey }
        let hasUnknownKey = !fields.entries.allSatisfy { TaskReader.isKey($0.key) }
        if written.isEmpty, !hasUnknownKey {
            let isDropIn = fields.location.file.contains(".d/")
            let whole = isDropIn ? "a drop-in replaces a task as a whole, so copy the rest of it too, or " : ""
            problems.addMissing(
                fields.location,
                "\(name) has no verb",
                hint: "\(whole)write one of \(list(verbNames, "or")) below it"
            )
        }
        guard written.count > 1 else { return }
        let keys = written.map { $0.name }
        let places = fields.entries.filter { keys.contains($0.key) || shorthands.contains($0.key) }.map(\.location)
        problems.add(
            places.dropFirst().first ?? fields.location,
            "\(name) has \(written.count) verbs: \(list(keys.map { "'\($0)'" }))",
            hint: "keep one, and move the others to tasks of their own",
        )
    }
}
