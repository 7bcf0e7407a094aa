import Base
import Planning
import Reporting

struct CompletionCommand: Command {
    static let name = "completion"

    static let help = CommandHelp(
        summary: "print the completion of a shell",
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

    /// The typed line up to the cursor, with the name of the program.
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
            program.output.write(shell.script)
            return .success
        }
        let words = shellWords(line, home: options.environment["HOME"])
        program.output.write(Completer(words: words, environment: options.environment).completion.text)
        return .success
    }
}

/// Splits a typed line into the words after the program's name.
///
/// The last word is being typed, and may be empty. Quotes and escapes are resolved, and a tilde at the beginning of a
/// path is replaced with the home directory. Nothing else is expanded or run.
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

struct Candidate: Sendable, Hashable {
    var word: String
    /// The meaning of the word, or an empty string.
    var meaning: String

    init(_ word: String, _ meaning: String = "") {
        self.word = word
        self.meaning = meaning
    }
}

/// The kind of the next word on a command line, with the candidates if they are known.
enum Completion: Sendable, Hashable {
    case words([Candidate])
    case file
    case directory

    /// The text for the script of a shell: one word and its meaning per line, or `:file` or `:directory`.
    ///
    /// Control characters are escaped, because shells write the text to the terminal unchanged.
    var text: String {
        switch self {
        case .words(let candidates):
            candidates.map { "\(printable($0.word))\t\(printable($0.meaning))\n" }.joined()
        case .file: ":file\n"
        case .directory: ":directory\n"
        }
    }
}

struct Completer {
    private let current: String

    /// The words between the command and the current one; `nil` if no known command was typed.
    private let earlier: CallWords?

    /// All words before the current one.
    private let others: ArraySlice<String>
    private let environment: [String: String]

    /// Creates a completer for the words after the program's name; the last one is being typed, and may be empty.
    init(words: [String], environment: [String: String]) {
        self.environment = environment
        current = words.last ?? ""
        others = words.dropLast()
        earlier = others.first.flatMap(findCommand).map { CallWords(words.dropLast().dropFirst(), of: $0) }
    }

    var completion: Completion {
        guard case .words(let candidates) = unfiltered else { return unfiltered }
        return .words(candidates.filter { $0.word.hasPrefix(current) })
    }

    private var unfiltered: Completion {
        guard let earlier else { return commandNames }
        if let flag = earlier.openFlag { return values(of: flag) }
        guard earlier.mayHaveFlags, current.hasPrefix("-") else { return earlier.command.completion(self) }
        let flags = earlier.command.shownFlags.map { Candidate($0.name, $0.help) }
        return .words(flags + [Candidate("--help", "show the help")])
    }

    /// The candidates for the first word, or for the command after `help`.
    private var commandNames: Completion {
        let commands = shownCommands.map { Candidate($0.name, $0.help.summary) }
        if others == ["help"] { return .words(commands) }
        let flags = [Candidate("--help", "show the help"), Candidate(FlagForm.versionName, "show the version")]
        guard others.isEmpty else { return .words([]) }
        return .words(current.hasPrefix("-") ? flags : commands + [Candidate("help", "show the help of a command")])
    }

    private func values(of flag: FlagForm) -> Completion {
        guard let value = flag.value else { return .words([]) }
        if value.contains("|") { return .words(value.split(separator: "|").map { Candidate(String($0)) }) }
        switch (value, flag.name) {
        case ("FILE", _): return .file
        case ("DIR", _): return .directory
        case ("NAME", "--task"): return .words(tasks)
        case ("ROLE", _): return .words(roles)
        case ("HOST", _), ("NAME", "--host-name"): return .words(hosts)
        default: return .words([])
        }
    }

    /// Whether no positional argument has been typed yet.
    var isFirstName: Bool { earlier?.names.isEmpty ?? true }

    /// Completes the first positional argument, and no argument after it.
    func first<Choice: RawRepresentable<String>>(of choices: [Choice]) -> Completion {
        .words(isFirstName ? choices.map { Candidate($0.rawValue) } : [])
    }

    /// The short paths of the task file's keys and, once a dot has been typed, also the full paths.
    var keys: [Candidate] {
        let short = ReferencedKey.all.map { Candidate($0.shortPath, $0.description.meaning) }
        guard current.contains(".") else { return short }
        let places = ReferencedKey.all.map { Candidate($0.path, $0.description.meaning) }
        return (short + places).unique(by: \.word)
    }

    var tasks: [Candidate] {
        (declared?.plan.steps ?? []).map { Candidate($0.task.name, $0.task.description ?? $0.task.verb.name) }
    }

    private var roles: [Candidate] {
        let nodes = declared?.nodes
        let entries = (nodes?.entries ?? []) + (nodes?.patterns ?? [])
        return Set(entries.flatMap(\.roles)).sorted().map { Candidate($0) }
    }

    private var hosts: [Candidate] {
        (declared?.nodes.entries ?? []).map { Candidate($0.name, $0.roles.joined(separator: ", ")) }
    }

    /// The valid declarations of the task files, `nil` if a file cannot be read.
    private var declared: Declarations? {
        var options = earlier?.options ?? Options()
        options.environment = environment
        return (try? Configuration(checking: options))?.declarations
    }
}
