import Base
import Execution

/// One entry of the journal.
///
/// Values may come from a server or a child process: control characters in them are escaped.
struct JournalEntry {
    /// The names of the fields with their values.
    private(set) var fields: [(String, String)]

    /// Creates an entry with the fields that every entry has, the source location among them.
    init(_ kind: MessageID, _ message: String, priority: Int, from code: CodeLocation) {
        fields = [
            ("MESSAGE", printable(message)), ("MESSAGE_ID", kind.rawValue), ("PRIORITY", String(priority)),
            ("SYSLOG_IDENTIFIER", "nest-bootstrap"),
            ("CODE_FILE", code.file), ("CODE_LINE", String(code.line)), ("CODE_FUNC", code.function),
        ]
    }

    /// Adds a field, unless it has no value.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        fields.append((name, printable(value)))
    }

    mutating func add(_ fields: [(String, String)]) {
        for (name, value) in fields { add(name, value) }
    }
}
