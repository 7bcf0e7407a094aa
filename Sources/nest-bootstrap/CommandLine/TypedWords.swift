/// Words of a command line, as far as they are understood: those before the one that is being typed, or all.
struct TypedWords {
    private(set) var command: CommandName?

    /// What is neither the command nor a flag nor the value of one.
    private(set) var names: [String] = []

    /// The flag whose value is being typed.
    private(set) var flag: Flag?

    /// Whether flags may follow.
    private(set) var mayHaveFlags = true

    private var given: [Flag.Part] = []

    init(_ words: some Sequence<String>) {
        for word in words { add(word) }
    }

    /// The values of the flags that are understood; of a flag that is given several times, the last one.
    var values: FlagValues {
        var values = FlagValues()
        for part in given {
            // A flag before the command may be one that another command has as well.
            guard let flag = Flag.named(part.name, of: command), let value = part.value,
                let owner = command ?? flag.commands.first
            else { continue }
            try? flag.set(&values, value, owner)
        }
        return values
    }

    private mutating func add(_ word: String) {
        let flag = self.flag
        self.flag = nil
        // As for the parser, a word with two dashes is no value.
        if let flag, !word.hasPrefix("--") {
            given.append(Flag.Part(name: flag.name, value: word))
        } else if mayHaveFlags, word == "--" {
            mayHaveFlags = false
        } else if mayHaveFlags, word.hasPrefix("-"), word != "-" {
            for part in Flag.parts(of: word, for: command) { add(part) }
        } else if command == nil, names.isEmpty, let name = CommandName(rawValue: word) {
            command = name
        } else {
            names.append(word)
        }
    }

    private mutating func add(_ part: Flag.Part) {
        guard let flag = Flag.named(part.name, of: command), flag.value != nil else { return }
        if part.value != nil {
            given.append(part)
        } else if !flag.isValueOptional {
            self.flag = flag
        }
    }
}
