import Execution

/// One entry of the journal.
///
/// Values may come from a server or a child process: each is made one harmless line.
struct JournalEntry {
    /// The names of the fields with their values.
    private(set) var fields: [(String, String)]

    /// Creates an entry with the fields that all have, among them the place in the sources that it comes from.
    init(_ kind: MessageID, _ message: String, priority: Int, from code: CodePlace) {
        fields = [
            ("MESSAGE", printable(message)), ("MESSAGE_ID", kind.rawValue), ("PRIORITY", String(priority)),
            ("SYSLOG_IDENTIFIER", "nest-bootstrap"),
            ("CODE_FILE", code.file), ("CODE_LINE", String(code.line)), ("CODE_FUNC", code.function),
        ]
    }

    /// Adds a field whose value is known.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        fields.append((name, printable(value)))
    }

    /// Adds fields.
    mutating func add(_ fields: [(String, String)]) {
        for (name, value) in fields { add(name, value) }
    }
}
