/// The format of results.
public enum OutputFormat: String, Sendable, Hashable, CaseIterable {
    /// Human-readable lines and tables.
    case text
    /// JSON, one object per line.
    case json

    /// Whether the format is machine-readable.
    public var isForPrograms: Bool { self == .json }
}
