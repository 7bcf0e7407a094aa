/// The words before the one that is being typed, as far as they are understood.
struct TypedWords {
    /// The command.
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

    /// The values of the flags.
    var values: FlagValues {
        var values = FlagValues()
        guard let command else { return values }
        for part in given {
            // A flag before the command may be one that another command has as well.
            guard let flag = Flag.named(part.name, of: command), let value = part.value else { continue }
            try? flag.set(&values, value, command)
        }
        return values
    }

    private mutating func add(_ word: String) {
        if let flag {
            given.append(Flag.Part(name: flag.name, value: word))
            self.flag = nil
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
