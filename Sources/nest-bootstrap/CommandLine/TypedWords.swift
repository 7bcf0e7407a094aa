/// The parsed words of a command line, without the word that is still being typed.
struct TypedWords {
    private(set) var command: (any Command.Type)?

    /// The words other than the command, the flags and their values.
    private(set) var names: [String] = []

    /// The flag whose value is being typed.
    private(set) var flag: FlagForm?

    /// Whether flags may follow.
    private(set) var mayHaveFlags = true

    private var given: [FlagForm.Part] = []

    init(_ words: some Sequence<String>) {
        for word in words { add(word) }
    }

    /// The common options that could be parsed; if a flag is repeated, its last value counts.
    var options: Options {
        var options = Options()
        for part in given {
            guard let flag = FlagForm.named(part.name, of: command) else { continue }
            // A flag before the command, or one that the command does not have, is parsed as a flag of another command.
            let owner = command.flatMap { $0.has(flag) ? $0 : nil } ?? commands.last { $0.has(flag) }
            owner?.set(GivenFlag(form: flag, value: part.value ?? ""), &options)
        }
        return options
    }

    private mutating func add(_ word: String) {
        let flag = self.flag
        self.flag = nil
        // As in ``ArgumentParser``, a word that begins with two dashes is not a value.
        if let flag, !word.hasPrefix("--") {
            given.append(FlagForm.Part(name: flag.name, value: word))
        } else if mayHaveFlags, word == "--" {
            mayHaveFlags = false
        } else if mayHaveFlags, word.hasPrefix("-"), word != "-" {
            for part in FlagForm.parts(of: word, for: command) { add(part) }
        } else if command == nil, names.isEmpty, let name = findCommand(word) {
            command = name
        } else {
            names.append(word)
        }
    }

    private mutating func add(_ part: FlagForm.Part) {
        guard let flag = FlagForm.named(part.name, of: command), flag.value != nil else { return }
        if part.value != nil {
            given.append(part)
        } else {
            self.flag = flag
        }
    }
}
