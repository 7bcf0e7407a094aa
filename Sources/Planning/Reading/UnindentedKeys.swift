import Base
import YAML

/// Keys that follow a key without a value and should be indented below it.
struct UnindentedKeys {
    /// The keys, at least one.
    let entries: [Mapping.Entry]

    /// Creates keys.
    ///
    /// - Parameters:
    ///   - entry: The key that may have no value.
    ///   - next: The entries after it in the same mapping that can be below it.
    init?(below entry: Mapping.Entry, _ next: some Sequence<Mapping.Entry>) {
        entries = Array(next)
        if !entry.value.isNull || entries.isEmpty { return nil }
    }

    /// The lines to indent, as the hint of a message.
    var hint: String {
        let keys = entries.map { entry in
            quoted(entry.key) + (entry.location.position.map { " (line \($0.line))" } ?? "")
        }
        return "indent \(list(keys)) below it"
    }
}
