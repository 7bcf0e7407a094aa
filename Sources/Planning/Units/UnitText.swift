import Base

/// The text of a systemd unit while it is written.
struct UnitText {
    /// The text; every line ends with a line break.
    private(set) var text: String

    /// Begins a unit with a comment and its section `Unit`.
    init(_ description: String?, comment: String = "Made by nest-bootstrap. Changes here are lost.") {
        text = "# \(unitPhrase(comment, specifiers: false))\n"
        section("Unit")
        if let description { set("Description", description) }
    }

    /// Begins a section.
    mutating func section(_ name: String) {
        text += "\n[\(name)]\n"
    }

    /// Adds a setting whose value is already in the syntax of systemd.
    mutating func set(_ key: String, _ value: String) {
        text += "\(key)=\(value)\n"
    }

    /// Adds a command that runs as written, without variables.
    ///
    /// - Parameters:
    ///   - key: `ExecStart` or a similar key.
    ///   - prefixes: The characters that change how the command is run.
    ///   - words: The program and its arguments.
    mutating func command(_ key: String, prefixes: String = "", _ words: [String]) {
        set(key, "\(prefixes):" + words.map(unitWord).joined(separator: " "))
    }

    /// Adds a path to a list; systemd ignores a path that does not exist.
    mutating func path(_ key: String, _ path: String) {
        set(key, unitWord("-\(path)"))
    }
}

/// Returns the text of a timer that is ordered before the shutdown only.
///
/// - Parameters:
///   - description: The purpose of the timer.
///   - others: Further settings of section `Unit`.
///   - settings: The settings of section `Timer`.
/// - Returns: The text of the unit.
func timer(_ description: String, unit others: [(String, String)] = [], _ settings: [(String, String)]) -> String {
    var unit = UnitText(description)
    // By default, a timer is ordered before basic.target, but tasks are ordered after basic.target.
    unit.set("DefaultDependencies", "no")
    unit.set("Conflicts", "shutdown.target")
    unit.set("Before", "shutdown.target")
    for (key, value) in others { unit.set(key, value) }
    unit.section("Timer")
    for (key, value) in settings { unit.set(key, value) }
    return unit.text
}

/// Formats human-readable text for a setting that takes the rest of its line, such as a description.
///
/// - Parameters:
///   - text: The text, from any source.
///   - specifiers: Whether the setting would expand `%`.
/// - Returns: One line that systemd reads as the text, apart from control characters, which are escaped.
func unitPhrase(_ text: String, specifiers: Bool = true) -> String {
    var line = ""
    for scalar in text.unicodeScalars.prefix(Limit.unitPhraseLength) {
        switch scalar {
        case "%" where specifiers: line += "%%"
        case "\n", "\r", "\t": line += " "
        default:
            if let escape = scalar.escape { line += escape } else { line.unicodeScalars.append(scalar) }
        }
    }
    if text.unicodeScalars.count > Limit.unitPhraseLength { line += "…" }
    return withoutContinuation(line)
}

/// Formats a path, or the name of a credential, for a setting that takes the rest of its line.
///
/// - Parameter path: The path.
/// - Returns: The path in the syntax of systemd; control characters, which no line can contain, are escaped.
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

/// Adds a space after a final backslash, which would otherwise join the next line to this one.
///
/// systemd removes the space.
private func withoutContinuation(_ line: String) -> String {
    line.hasSuffix("\\") ? line + " " : line
}

/// Formats a path in a list of bind mounts, where a colon outside of quotes separates two paths.
func boundPath(_ path: String) -> String { word("-\(path)", plain: "/.,_+=@-") }

/// Formats a word of a command or of a list of paths, in quotes only if systemd needs them.
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
        /// A regular file with this text.
        case text(String)
        /// A symbolic link.
        case link(to: String)
    }

    /// The path below the directory.
    public var path: String

    /// The content.
    public var content: Content
}

/// The command with which units run the program.
public struct ProgramInvocation: Sendable, Hashable {
    /// The absolute path of the program.
    public var program: String

    /// The paths of the task file and its drop-ins, and the targets of links; every unit reads these paths.
    public var taskFiles: [String]

    /// The paths of task files on the node, by the path at which each file was read, if the two differ.
    public var installedPaths: [String: String] = [:]

    /// The command-line flags that select the same task file, role and root in every unit.
    public var flags: [String]

    /// The directory that is prefixed to every path that a task writes, without a final slash; empty for none.
    public var root: String

    /// Creates the description of the command.
    public init(program: String, taskFiles: [String], flags: [String] = [], root: String = "") {
        self.program = program
        self.taskFiles = taskFiles
        self.flags = flags
        self.root = root
    }
}
