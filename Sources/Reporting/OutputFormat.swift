/// The format of results.
public enum OutputFormat: String, Sendable, Hashable, CaseIterable {
    /// Lines and tables for people.
    case text
    /// One JSON object a line.
    case json
    /// The same objects as YAML documents.
    case yaml

    /// Whether it is the format of objects that programs read.
    public var isForPrograms: Bool { self != .text }
}
