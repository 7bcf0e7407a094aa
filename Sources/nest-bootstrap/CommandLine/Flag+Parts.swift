extension Flag {
    /// A flag as an argument has it.
    struct Part: Sendable, Hashable {
        /// Its name, with its dashes.
        var name: String
        /// The value in the same argument, or `nil` if there is none.
        var value: String?
    }

    /// Splits an argument with a dash into its flags.
    ///
    /// `--name=value`, `-o=value` and `-ovalue` have a value, `-fb` is two flags.
    ///
    /// - Parameters:
    ///   - argument: The argument.
    ///   - command: The command, if it is known.
    /// - Returns: The flags. An argument with an unknown letter is one unknown flag.
    static func parts(of argument: String, for command: CommandName?) -> [Part] {
        let halves = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let whole = Part(name: halves[0], value: halves.count == 2 ? halves[1] : nil)
        // A long name with one dash is a mistake, and not a letter with a value.
        guard !argument.hasPrefix("--"), halves[0].count > 2, named("-\(halves[0])", of: command) == nil else {
            return [whole]
        }
        var parts: [Part] = []
        var rest = argument.dropFirst()
        while let letter = rest.popFirst() {
            guard let flag = named("-\(letter)", of: command) else { return [whole] }
            guard flag.takes(rest) else {
                parts.append(Part(name: "-\(letter)"))
                continue
            }
            parts.append(Part(name: "-\(letter)", value: String(rest.first == "=" ? rest.dropFirst() : rest)))
            return parts
        }
        return parts
    }

    /// Whether what follows the letter of the flag is its value, and not further letters.
    private func takes(_ rest: Substring) -> Bool {
        guard let first = rest.first, value != nil else { return false }
        return !isValueOptional || first == "=" || isNumber(rest)
    }
}

/// Returns whether a text is a whole number, perhaps with a sign.
func isNumber(_ text: some StringProtocol) -> Bool {
    let digits = text.first.map { "+-".contains($0) } == true ? text.utf8.dropFirst() : text.utf8[...]
    return !digits.isEmpty && digits.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
}
