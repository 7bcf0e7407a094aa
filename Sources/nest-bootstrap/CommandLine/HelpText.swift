import Base

/// Formats the help of a command, or of the program if the command is `nil`.
func helpText(_ command: (any Command.Type)? = nil) -> String {
    guard let command else { return programHelp() }
    let help = command.help
    let flags = command.shownFlags.map { Row($0.usage, $0.help) }
    var parts = [
        (help.description ?? sentence(help.summary)).wrapped(to: helpColumns).joined(separator: "\n") + "\n",
        usage(help.usage.isEmpty ? ["nest-bootstrap \(command.name) [FLAG]..."] : help.usage),
        section("Flags", flags + [Row(FlagForm.helpNames.joined(separator: ", "), "show this help")], width: 25),
    ]
    parts += help.details.map { $0.wrapped(to: helpColumns).joined(separator: "\n") + "\n" }
    parts += [
        section("Exit codes", help.exitCodes),
        "Examples:\n" + help.examples.map { "  nest-bootstrap \($0)\n" }.joined(),
    ]
    return parts.joined(separator: "\n")
}

struct Row: Sendable {
    let term: String
    let text: String

    init(_ term: String, _ text: String) {
        self.term = term
        self.text = text
    }
}

/// The width of help texts in columns, chosen so that the manual page fits a terminal of 80 columns.
let helpColumns = 74

private func programHelp() -> String {
    let commands = shownCommands.map { Row($0.name, $0.help.summary) }
    let flags = [
        Row(FlagForm.helpNames.joined(separator: ", "), "show this help, or after a command the help of that command"),
        Row(FlagForm.versionName, "show the version"),
    ]
    return [
        "nest-bootstrap brings a Kubernetes node to the state that one file describes.\n",
        "Usage: nest-bootstrap COMMAND [FLAG]...\n",
        section("Commands", commands + [Row("help", "show the help of a command: 'nest-bootstrap help run'")]),
        section("Flags", flags),
        "Examples:\n  nest-bootstrap check\n  nest-bootstrap run --dry-run\n",
        section("Files", Row.taskFiles),
    ].joined(separator: "\n")
}

private func usage(_ lines: [String]) -> String {
    let label = "Usage: "
    return lines.enumerated().map { index, line in
        (index == 0 ? label : String(repeating: " ", count: label.count)) + line + "\n"
    }.joined()
}

/// Formats a titled section with terms in one column and their explanations in a second column.
func section(_ title: String, _ rows: [Row], width: Int? = nil) -> String {
    let width = width ?? (rows.map(\.term.count).max() ?? 0) + 2
    let indentation = String(repeating: " ", count: width + 2)
    var lines = ["\(title):"]
    for row in rows {
        var texts = row.text.wrapped(to: helpColumns - width - 2)[...]
        if row.term.count + 2 <= width {
            let first = texts.popFirst() ?? ""
            lines.append("  " + row.term + String(repeating: " ", count: width - row.term.count) + first)
        } else {
            lines.append("  " + row.term)
        }
        lines += texts.map { indentation + $0 }
    }
    return lines.map { $0 + "\n" }.joined()
}

func sentence(_ text: String) -> String {
    text.first?.isLetter == true ? text.prefix(1).uppercased() + text.dropFirst() + "." : "\(text)."
}

/// The help of a command, without its flags.
struct CommandHelp: Sendable {
    /// The summary in a list of commands, in a few words.
    var summary: String
    /// The first paragraph of the help, `nil` to use the summary.
    var description: String?
    /// The forms of a call, empty for a command that takes only flags.
    var usage: [String] = []
    /// The paragraphs after the flags.
    var details: [String] = []
    var exitCodes: [Row]
    /// Example calls, without the name of the program.
    var examples: [String]
}

extension Row {
    static let taskFiles = [
        Row("/etc/nest-bootstrap/bootstrap.yaml", "the task file"),
        Row("/etc/nest-bootstrap/bootstrap.d/*.yaml", "drop-ins, in name order"),
    ]
    static let usageError = Row("64", "wrong usage")
    static let wrongTaskFile = Row("78", "the task file is wrong")
}
