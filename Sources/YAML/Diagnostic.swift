/// Something that the author of a file must fix.
public struct Diagnostic: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where the fault is.
    public var place: Place

    /// What is wrong, in lower case and without a full stop.
    public var message: String

    /// What to type instead, where that can be computed.
    public var hint: String?

    /// Creates a diagnostic.
    public init(_ place: Place, _ message: String, hint: String? = nil) {
        self.place = place
        self.message = message
        self.hint = hint
    }

    /// The printed line: `file:line:column: message; hint`.
    public var description: String {
        guard let hint else { return "\(place): \(message)" }
        return "\(place): \(message); \(hint)"
    }
}

/// All that is wrong with a set of files, sorted by place.
public struct Diagnostics: Error, Sendable, Hashable, CustomStringConvertible {
    /// Every diagnostic once, in the order of their places.
    public private(set) var all: [Diagnostic]

    /// Creates a sorted collection without repetitions.
    public init(_ all: [Diagnostic]) {
        var seen: Set<Diagnostic> = []
        self.all = all.filter { seen.insert($0).inserted }.sorted { $0.place < $1.place }
    }

    /// One printed line a diagnostic.
    public var description: String {
        all.map(\.description).joined(separator: "\n")
    }
}
