import YAML

/// The keys of which a task has exactly one.
let verbNames = ["kubeconfig", "symlink", "file", "apply", "exec", "wait"]

/// The keys of `exec` that a task may also have itself, as in the NixOS module that came before.
private let execKeys = ["script", "args", "environment", "preStart"]

/// Finds a task's verb and has it read.
struct VerbReader {
    /// What is known of the node.
    let context: TaskContext
    /// The role for which the task is read.
    let role: String?

    /// Reads the verb and tells all keys that a task does not have.
    func read(_ fields: inout Fields) -> Verb? {
        let written = verbNames.filter { fields.has($0) || $0 == "exec" && fields.has("script") }
        let isRolloutMisplaced = tellMisplacedRollout(&fields)
        var verbs: [Verb?] = []
        for name in verbNames {
            // A verb is asked for in any case, so that it is a known key.
            if name == "wait", isRolloutMisplaced { continue }
            let verb = read(name, &fields)
            if written.contains(name) { verbs.append(verb) }
        }
        let near = fields.finish()
        tellCount(written, fields, near, isRolloutMisplaced)
        return verbs.count == 1 ? verbs[0] : nil
    }

    private func read(_ name: String, _ fields: inout Fields) -> Verb? {
        if name == "exec" { return readExec(&fields) }
        guard var below = fields.fields(name, expected: "a mapping with the keys of '\(name)'") else { return nil }
        defer { below.finish() }
        switch name {
        case "kubeconfig": return KubeconfigDeclaration(&below, context.cluster, role).map(Verb.kubeconfig)
        case "symlink": return SymlinkDeclaration(&below).map(Verb.symlink)
        case "file": return FileDeclaration(&below).map(Verb.file)
        case "apply": return ApplyDeclaration(&below).map(Verb.apply)
        default: return WaitDeclaration(&below).map(Verb.wait)
        }
    }

    /// Reads `exec` with those of its keys that stand in the task itself.
    private func readExec(_ fields: inout Fields) -> Verb? {
        var entries = execKeys.compactMap { fields.take($0) }
        guard fields.has("exec") else {
            _ = fields.take("exec")
            guard fields.has("script") else {
                tellStray(entries, fields)
                return nil
            }
            var own = Fields(entries, at: fields.place, fields.subject, fields.variables, fields.problems)
            defer { own.finish() }
            return ExecDeclaration(&own).map(Verb.exec)
        }
        guard let below = fields.fields("exec", expected: "a mapping with the keys of 'exec'") else { return nil }
        for entry in below.entries {
            if let twin = entries.first(where: { $0.key == entry.key }) {
                let label = below.subject.label(entry.key)
                context.problems.add(
                    entry.place,
                    "\(label) stands in the task as well, at \(twin.place)",
                    hint: "remove one"
                )
            } else {
                entries.append(entry)
            }
        }
        var all = Fields(entries, at: below.place, below.subject, fields.variables, fields.problems)
        defer { all.finish() }
        return ExecDeclaration(&all).map(Verb.exec)
    }

    private func tellStray(_ entries: [Mapping.Entry], _ fields: Fields) {
        for entry in entries {
            let hint = "add script: PATH, or remove \(entry.key):"
            context.problems.add(
                entry.place,
                "\(fields.subject.label(entry.key)) goes with 'script' or 'exec' only",
                hint: hint
            )
        }
    }

    /// Tells `wait: rollout` beside `apply` instead of below it.
    private func tellMisplacedRollout(_ fields: inout Fields) -> Bool {
        guard fields.has("apply"), fields.has("wait"), let wait = fields.take("wait"), let word = wait.value.string
        else {
            return false
        }
        let label = "\(fields.subject.label("wait")) is \(quoted(word)) and stands beside 'apply'"
        context.problems.add(wait.place, label, hint: "move wait: rollout below apply:")
        return true
    }

    private func tellCount(_ written: [String], _ fields: Fields, _ near: [String], _ isRolloutMisplaced: Bool) {
        let name = fields.subject.name
        if written.isEmpty, !near.contains(where: { verbNames.contains($0) || $0 == "script" }) {
            let isDropIn = fields.place.file.contains(".d/")
            let whole = isDropIn ? "a drop-in replaces a task as a whole, so copy the rest of it too, or " : ""
            context.problems.add(
                fields.place,
                "\(name) has no verb",
                hint: "\(whole)write one of \(list(verbNames, "or")) below it"
            )
        }
        guard written.count > 1, !(isRolloutMisplaced && written.count == 2) else { return }
        let places = fields.entries.filter { written.contains($0.key) || $0.key == "script" }.map(\.place)
        context.problems.add(
            places.dropFirst().first ?? fields.place,
            "\(name) has \(written.count) verbs: \(list(written.map { "'\($0)'" }))",
            hint: "keep one, and write a task for each other",
        )
    }
}
