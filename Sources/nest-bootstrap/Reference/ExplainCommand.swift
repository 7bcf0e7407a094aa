import Base
import Kubernetes
import Planning
import Reporting

struct ExplainCommand: Command {
    static let name = "explain"

    static let help = CommandHelp(
        summary: "explain a key of the task file",
        usage: ["nest-bootstrap explain [KEY]"],
        details: [
            "It prints the meaning, the type, the default and the keys below it; without KEY the sections of the file. "
                + "KEY is the place of the key, with dots between its parts, or the end of it: 'wait' is the verb, "
                + "'apply.wait' the key of 'apply'. The names of tasks, nodes and others may be in it. "
                + "'nest-bootstrap schema' prints all keys for programs."
        ],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage, or no such key")],
        examples: ["explain", "explain apply", "explain tasks.NAME.timeout"],
    )

    static let flags: [Flag<Self>] = []

    /// The path of a key or the end of the path, `nil` for an overview of the sections.
    var key: String?

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        if names.count > 1 { throw UsageError("'explain' takes one key: unexpected argument '\(names[1])'") }
        key = names.first
    }

    static func completion(_ completer: Completer) -> Completion {
        .words(completer.isFirstName ? completer.keys : [])
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        program.output.write(try text())
        return .success
    }

    /// Returns the explanation of the best match and a list of other matches or, without a key, a list of the sections.
    private func text() throws(UsageError) -> String {
        guard let name = key else { return sectionsText }
        let found = ReferencedKey.find(name)
        if let key = found.first { return text(of: key, others: found.dropFirst()) }
        let near = nameMeant(by: name, in: ReferencedKey.all.flatMap { [$0.description.name, $0.shortPath, $0.path] })
        let hint = near.map { "did you mean '\($0)'?" } ?? "'nest-bootstrap explain' lists the sections"
        throw UsageError("unknown key '\(printable(name))' (\(hint))", of: Self.self)
    }

    private var sectionsText: String {
        let rows = ReferencedKey.sections.map { Row($0.path, plain($0.description.meaning)) }
        let call = "'nest-bootstrap explain KEY' explains a key: 'tasks', 'tasks.NAME.apply', 'apply.wait' or 'wait'."
        return ["A task file is YAML with these sections:\n", section("Sections", rows), paragraph(call)]
            .joined(separator: "\n")
    }

    private func text(of key: ReferencedKey, others: ArraySlice<ReferencedKey>) -> String {
        let description = key.description
        // The keys of a mapping are listed below.
        let type = if case .mapping = description.type { "mapping" } else { plain(description.type.description) }
        var facts = [Row("Type", type)]
        if !description.presenceText.isEmpty {
            let isDefault = if case .optional = description.presence { true } else { false }
            facts.append(Row(isDefault ? "Default" : "Presence", plain(description.presenceText)))
        }
        if let example = description.example { facts.append(Row("Example", "\(description.name): \(example)")) }
        var parts = [
            key.path + "\n",
            paragraph(sentence(plain(description.meaning))),
            section("Value", facts),
        ]
        let rows = key.keys.map { Row($0.description.name, plain($0.description.meaning)) }
        if !rows.isEmpty { parts.append(section("Keys", rows)) }
        if key.shortPath == "apply" {
            let rows = ObjectAnnotation.allCases.map { Row($0.example, plain($0.meaning)) }
            parts.append(section("Annotations of its manifests", rows))
        }
        if !others.isEmpty {
            let rows = others.map { Row($0.path, plain($0.description.meaning)) }
            parts.append(section("Other keys with this name", rows))
        }
        return parts.joined(separator: "\n")
    }

    private func paragraph(_ text: String) -> String {
        text.wrapped(to: helpColumns).joined(separator: "\n") + "\n"
    }
}

/// Replaces the backquotes of a Markdown text from the reference with single quotes.
private func plain(_ text: String) -> String { text.replacing("`", with: "'") }
