/// The format of results.
public enum OutputFormat: String, Sendable, Hashable, CaseIterable {
    /// Lines for people.
    case text
    /// One JSON object a line.
    case json
}
