import Base
import Reporting

/// Command `completion`: the completion script of a shell, and the words that the script requests.
struct CompletionCommand: Command {
    static let name = "completion"

    static let help = CommandHelp(
        summary: "print the completion of a shell",
        description:
            "Prints a script with which a shell completes commands, flags, the tasks, roles and nodes of the task file "
            + "and the keys that 'explain' knows. The package installs the scripts of all three shells.",
        usage: ["nest-bootstrap completion bash|zsh|fish"],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage")],
        examples: [
            "completion bash > /etc/bash_completion.d/nest-bootstrap",
            "completion zsh > ~/.zfunc/_nest-bootstrap",
            "completion fish > /etc/fish/completions/nest-bootstrap.fish",
        ],
    )

    static let flags: [Flag<Self>] = [
        Flag(
            "--words",
            isInternal: true,
            "list what may follow the line after '--', as it was typed up to the cursor; scripts of shells call this",
            \.listsWords
        )
    ]

    var shell = Shell.bash
    var listsWords = false

    /// The line as typed, with the name of the program.
    var line = ""

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        guard !listsWords else {
            line = names.joined(separator: " ")
            return
        }
        let known = Shell.allCases.map(\.rawValue)
        guard let name = names.first, names.count == 1 else {
            throw UsageError("'completion' takes one of \(known.map { "'\($0)'" }.joined(separator: ", "))")
        }
        guard let shell = Shell(rawValue: name) else { throw .unknown("shell", name, among: known) }
        self.shell = shell
    }

    static func completion(_ completer: Completer) -> Completion { completer.first(of: Shell.allCases) }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        guard listsWords else {
            program.output.writeData(shell.script)
            return .success
        }
        let words = shellWords(line, home: options.environment["HOME"])
        program.output.writeData(Completer(words: words, environment: options.environment).completion.text)
        return .success
    }
}

/// Splits a line that was typed in a shell, up to the cursor, into words.
///
/// Quotes are removed, and a tilde at the beginning of a path is the home directory. Nothing else is expanded or run.
///
/// - Parameters:
///   - line: The line, with the name of the program.
///   - home: The home directory.
/// - Returns: The words after the name of the program; the last one is being typed, and may be empty.
func shellWords(_ line: String, home: String?) -> [String] {
    var words: [String] = []
    /// The word that is being read, or `nil` between two words.
    var word: String?
    var quote: Character?
    var rest = line[...]
    while let character = rest.popFirst() {
        switch (quote, character) {
        case (nil, " "), (nil, "\t"), (nil, "\n"):
            if let word { words.append(word) }
            word = nil
        case (nil, "'"), (nil, "\""): (quote, word) = (character, word ?? "")
        case (character, _): quote = nil
        case (nil, "\\"), ("\"", "\\"): word = (word ?? "") + (rest.popFirst().map(String.init) ?? "")
        case (nil, "~") where word == nil && rest.first == "/": word = home ?? "~"
        default: word = (word ?? "") + String(character)
        }
    }
    // Variable assignments may precede the name of the program.
    return Array((words + [word ?? ""]).drop { $0.contains("=") }.dropFirst())
}
