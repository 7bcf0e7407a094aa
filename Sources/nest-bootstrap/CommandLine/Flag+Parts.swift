extension FlagForm {
    /// A flag as an argument has it.
    struct Part: Sendable, Hashable {
        /// Its name, with its dashes.
        var name: String
        /// The value in the same argument, or `nil` if there is none.
        var value: String?
    }

    /// Splits an argument with a dash into its flags.
    ///
    /// `--name=value`, `-o=value` and `-ovalue` have a value, `-fb` is two flags. The letter of the help is one too.
    ///
    /// - Parameters:
    ///   - argument: The argument.
    ///   - command: The command, if it is known.
    /// - Returns: The flags. An argument with an unknown letter is one unknown flag.
    static func parts(of argument: String, for command: (any Command.Type)?) -> [Part] {
        let halves = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let whole = Part(name: halves[0], value: halves.count == 2 ? halves[1] : nil)
        // A long name with one dash is a mistake, and not a letter with a value.
        guard !argument.hasPrefix("--"), halves[0].count > 2, named("-\(halves[0])", of: command) == nil else {
            return [whole]
        }
        var parts: [Part] = []
        var rest = argument.dropFirst()
        while let letter = rest.popFirst() {
            let name = "-\(letter)"
            let flag = named(name, of: command)
            guard flag != nil || helpNames.contains(name) else { return [whole] }
            guard rest.first == "=" || flag?.takes(rest) == true else {
                parts.append(Part(name: name))
                continue
            }
            parts.append(Part(name: name, value: String(rest.first == "=" ? rest.dropFirst() : rest)))
            return parts
        }
        return parts
    }

    /// Whether what follows the letter of the flag is its value, and not further letters.
    private func takes(_ rest: Substring) -> Bool {
        guard let first = rest.first, value != nil else { return false }
        // The short name of a flag is a letter.
        return !isValueOptional || !first.isLetter
    }
}
