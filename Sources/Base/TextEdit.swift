/// A change of one place of a file: characters that are replaced by others.
///
/// Places are counted in Unicode scalars, as in ``SourceLocation``.
public struct TextEdit: Sendable, Hashable {
    /// The place of the first character that is replaced, or before which text is added.
    public var location: SourceLocation

    /// The characters that are replaced, within one line and with its break at most; empty if text is only added.
    public var old: String

    /// The characters in their place, which may contain line breaks.
    public var new: String

    public init(at location: SourceLocation, old: String, new: String) {
        self.location = location
        self.old = old
        self.new = new
    }
}
