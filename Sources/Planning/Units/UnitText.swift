import Base

/// A builder for the text of a systemd unit.
struct UnitText {
    private(set) var text: String

    /// Writes a comment and begins section `Unit`; the description is already in the syntax of systemd.
    init(_ description: String?, comment: String = "Made by nest-bootstrap. Changes here are lost.") {
        text = "# \(unitPhrase(comment, specifiers: false))\n"
        section("Unit")
        if let description { set("Description", description) }
    }

    mutating func section(_ name: String) {
        text += "\n[\(name)]\n"
    }

    /// Adds a setting whose value is already in the syntax of systemd.
    mutating func set(_ key: String, _ value: String) {
        text += "\(key)=\(value)\n"
    }

    /// Adds a command in which systemd does not expand environment variables.
    mutating func command(_ key: String, prefixes: String = "", _ words: [String]) {
        set(key, "\(prefixes):" + words.map(unitWord).joined(separator: " "))
    }

    /// Adds a path to a list; systemd ignores a path that does not exist.
    mutating func path(_ key: String, _ path: String) {
        // In a list of bind mounts, a colon outside of quotes separates two paths.
        set(key, word("-\(path)", plain: "/.,_+=@-"))
    }
}

/// Returns the text of a timer that has no default dependencies and stops at shutdown.
func timer(_ description: String, unit others: [(String, String)] = [], _ settings: [(String, String)]) -> String {
    var unit = UnitText(description)
    // By default, timers.target would wait for every timer, and so for the tasks that some timers are ordered after.
    unit.set("DefaultDependencies", "no")
    unit.set("Conflicts", "shutdown.target")
    unit.set("Before", "shutdown.target")
    for (key, value) in others { unit.set(key, value) }
    unit.section("Timer")
    for (key, value) in settings { unit.set(key, value) }
    return unit.text
}

/// Returns a text from any source as a comment, or as the value of a setting that takes the rest of its line.
///
/// Control characters are escaped or become spaces, `%` is escaped if systemd expands it, and a long text is cut off.
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

/// Returns a path as the value of a setting that takes the rest of its line, with `%` and control characters escaped.
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

/// Adds a space, which systemd removes, after a backslash that would join the next line to this one.
private func withoutContinuation(_ line: String) -> String {
    line.hasSuffix("\\") ? line + " " : line
}

/// Formats a word of a command, in quotes if necessary.
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

/// A unit file, or a link to one, with its path below a directory of systemd units.
public struct UnitFile: Sendable, Hashable {
    public enum Content: Sendable, Hashable {
        case text(String)
        case link(to: String)
    }

    public var path: String
    public var content: Content
}

/// The program with the flags and paths that units need to run it.
public struct ProgramInvocation: Sendable, Hashable {
    /// The absolute path of the program.
    var program: String

    /// The paths of the task file and its drop-ins, and their real paths if these are known.
    public var taskFiles: [String]

    /// The paths of task files on the node, by the paths at which they were read; empty if the paths are the same.
    public var installedPaths: [String: String] = [:]

    /// The flags that select the same task file, role and root in every unit.
    public var flags: [String]

    /// The directory below which tasks write, without a final slash, or an empty string for the root directory.
    public var root: String

    public init(program: String, taskFiles: [String], flags: [String] = [], root: String = "") {
        self.program = program
        self.taskFiles = taskFiles
        self.flags = flags
        self.root = root
    }
}
