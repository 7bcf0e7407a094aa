/// The format of results.
public enum OutputFormat: String, Sendable, Hashable, CaseIterable {
    /// Human-readable lines and tables.
    case text
    /// JSON, one object per line.
    case json
    /// The same objects as YAML documents.
    case yaml

    /// Whether the format is machine-readable.
    public var isForPrograms: Bool { self != .text }
}
