/// What the unit of a task sees of `/run`: what the drop-in of all units binds, and what the task names.
///
/// `/run` has the sockets of services that can do what a unit may not, and the credentials of other tasks. A unit gets
/// an empty one, with some paths of the node's in it.
struct RunDirectory {
    /// Whether the unit sees the node's `/run`.
    let isOpen: Bool

    /// Whether it writes into `/run` itself.
    let isWritten: Bool

    /// The paths that it reads, as systemd binds them, if it is not open.
    private(set) var reads: [String] = []

    /// The paths at and below which it writes.
    private(set) var writes: [String] = []

    private static let path = "/run"

    /// What every unit sees.
    private static let records = "/run/nest-bootstrap"

    /// Where programs write to the journal, by `syslog` and `systemd-cat`.
    private static let journal = ["/run/systemd/journal/dev-log", "/run/systemd/journal/stdout"]

    /// Where services listen that the agent uses itself.
    private static let bus = "/run/dbus"

    /// Finds what a task needs.
    ///
    /// - Parameters:
    ///   - footprint: What it reads, writes and connects to.
    ///   - reads: The paths that it reads, the task file among them.
    ///   - writes: The paths at and below which it writes.
    ///   - mayReadAnything: Whether nobody knows which paths it reads.
    init(_ footprint: Footprint, reads: [String], writes: [String], mayReadAnything: Bool) {
        let named = reads + footprint.texts.flatMap(Self.paths)
        isWritten = writes.contains(Self.path) || footprint.runsPrograms && writes.contains("/")
        // What appears while the unit runs is not in a copy of the directory that was made before.
        let awaits = footprint.reads.contains { $0.use == .awaited && isPath(located($0.path.path), at: Self.path) }
        isOpen = mayReadAnything || awaits || named.contains { isPath(Self.path, at: $0) } || isWritten
        guard !isOpen else { return }
        self.writes = Self.outermost(writes.filter { isPath($0, at: Self.path) })
        var readable = named.filter { isPath($0, at: Self.path) && !isPath($0, at: Self.records) }
        if footprint.connections.contains(.systemBus) { readable.append(Self.bus) }
        if footprint.runsPrograms { readable += Self.journal }
        self.reads = Self.outermost(readable).filter { path in !self.writes.contains { isPath(path, at: $0) } }
    }

    /// The paths below `/run` that a text contains.
    ///
    /// A path ends where a shell or a list of paths would end it.
    private static func paths(in text: String) -> [String] {
        var found: [String] = []
        for start in ["/run/", "/var/run/"] {
            var rest = text[...]
            while let range = rest.firstRange(of: start) {
                let isWhole = range.lowerBound == text.startIndex || isEnd(text[text.index(before: range.lowerBound)])
                let path = rest[range.lowerBound...].prefix { !isEnd($0) }
                if isWhole, path.count > start.count { found.append(located(String(path))) }
                rest = rest[range.upperBound...]
            }
        }
        return found
    }

    /// Whether a character is not part of a path in a text.
    private static func isEnd(_ character: Character) -> Bool {
        character.isWhitespace || "\"'`=:;,()<>|&$*?[]{}".contains(character)
    }

    /// The paths without those that are in another one, each once.
    private static func outermost(_ paths: [String]) -> [String] {
        var kept: [String] = []
        for path in paths where !kept.contains(where: { isPath(path, at: $0) }) {
            kept.removeAll { isPath($0, at: path) }
            kept.append(path)
        }
        return kept
    }
}
