import Base

/// The text of a systemd unit while it is written.
struct UnitText {
    /// The text, every line of it ended.
    private(set) var text: String

    /// Begins a unit with a comment.
    init(comment: String) {
        text = "# \(unitPhrase(comment, specifiers: false))\n"
    }

    /// Begins a section.
    mutating func section(_ name: String) {
        text += "\n[\(name)]\n"
    }

    /// Adds a setting, whose value is written as systemd reads it.
    mutating func set(_ key: String, _ value: String) {
        text += "\(key)=\(value)\n"
    }

    /// Adds a line for people.
    mutating func comment(_ text: String) {
        self.text += "# \(text)\n"
    }

    /// Adds a command that runs as written, without variables.
    ///
    /// - Parameters:
    ///   - key: `ExecStart` or one of its relatives.
    ///   - prefixes: The characters that change how the command is run.
    ///   - words: The program and its arguments.
    mutating func command(_ key: String, prefixes: String = "", _ words: [String]) {
        set(key, "\(prefixes):" + words.map(unitWord).joined(separator: " "))
    }

    /// Adds a path to a list; one that is not there counts for nothing.
    mutating func path(_ key: String, _ path: String) {
        set(key, unitWord("-\(path)"))
    }
}

/// A text for people in a setting that takes the rest of its line, such as a description.
///
/// - Parameters:
///   - text: The text, which may come from anywhere.
///   - specifiers: Whether the setting would expand `%`.
/// - Returns: One line, escaped as on a terminal, that systemd reads as the text.
func unitPhrase(_ text: String, specifiers: Bool = true) -> String {
    var line = ""
    for scalar in text.unicodeScalars.prefix(Limit.unitPhraseLength) {
        switch scalar {
        case "%" where specifiers: line += "%%"
        case "\n", "\r", "\t": line += " "
        default: line += scalar.escape ?? String(scalar)
        }
    }
    if text.unicodeScalars.count > Limit.unitPhraseLength { line += "…" }
    return withoutContinuation(line)
}

/// A path, or the name of a credential, in a setting that takes the rest of its line.
///
/// - Parameter path: The path.
/// - Returns: What systemd reads as the path, unless it has control characters, which no line can have.
func unitPath(_ path: String) -> String {
    var line = ""
    for scalar in path.unicodeScalars {
        switch scalar {
        case "%": line += "%%"
        case _ where scalar.properties.generalCategory == .control: line += scalar.escape ?? " "
        default: line.unicodeScalars.append(scalar)
        }
    }
    return withoutContinuation(line)
}

/// A backslash at the end would join the next line to this one; systemd removes the space after it.
private func withoutContinuation(_ line: String) -> String {
    line.hasSuffix("\\") ? line + " " : line
}

/// A path in a list of bind mounts, where a colon outside of quotes separates two paths.
func boundPath(_ path: String) -> String { word("-\(path)", plain: "/.,_+=@-") }

/// A word of a command or of a list of paths: in quotes only where systemd needs them.
func unitWord(_ text: String) -> String { word(text, plain: "/.,:_+=@-") }

private func word(_ text: String, plain: String) -> String {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || plain.utf8.contains($0) }
    if isPlain { return text }
    var word = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "%": word += "%%"
        case "\"", "\\": word += "\\\(scalar)"
        case "\n": word += "\\n"
        case "\t": word += "\\t"
        case "\u{0}"..<" ", "\u{7f}": word += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        default: word.unicodeScalars.append(scalar)
        }
    }
    return word + "\""
}

/// A file below a directory of systemd units.
public struct UnitFile: Sendable, Hashable {
    /// The content of a path.
    public enum Content: Sendable, Hashable {
        /// A file of this text.
        case text(String)
        /// A symbolic link.
        case link(to: String)
    }

    /// The path below the directory.
    public var path: String

    /// The content.
    public var content: Content
}

/// How units call the program.
public struct ProgramInvocation: Sendable, Hashable {
    /// The absolute path of the program.
    public var program: String

    /// The task file and its drop-ins, and where they really are if they are links: every unit reads them.
    public var taskFiles: [String]

    /// Where files of the task are on the node, by where they were read, if that differs.
    public var installedPaths: [String: String] = [:]

    /// The flags that every call needs: those without which it would read another task file or be of another role.
    public var flags: [String]

    /// The directory in front of every path that a task writes, without a slash at its end; empty for none.
    public var root: String

    /// Creates the description of a call.
    public init(program: String, taskFiles: [String], flags: [String] = [], root: String = "") {
        self.program = program
        self.taskFiles = taskFiles
        self.flags = flags
        self.root = root
    }
}
