/// A file below a directory of systemd units.
public struct UnitFile: Sendable, Hashable {
    /// What is at the path.
    public enum Content: Sendable, Hashable {
        /// A file of this text.
        case text(String)
        /// A symbolic link.
        case link(to: String)
    }

    /// The path below the directory.
    public var path: String

    /// What is there.
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
