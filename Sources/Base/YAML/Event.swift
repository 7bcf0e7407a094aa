/// An event of libyaml's parser.
enum Event {
    case streamEnd
    case documentStart
    /// The start of the stream, or the end of a document.
    case other
    case alias(anchor: String)
    case scalar(ScalarEvent)
    case collectionStart(CollectionEvent)
    case collectionEnd
}

/// A scalar as it was written.
struct ScalarEvent {
    /// The characters, with line breaks folded and escapes replaced.
    var text: String
    var anchor: String?
    var tag: String?
    var style: Node.Style
}

/// The beginning of a mapping or sequence.
struct CollectionEvent {
    var isMapping: Bool
    var anchor: String?
    var tag: String?
    /// Whether the collection is written in brackets.
    var isFlow: Bool
}

/// The beginning and end of an event, with lines and columns counted from zero within the text.
struct EventSpan {
    var start = EventMark()
    var end = EventMark()
}

/// A position, with line and column counted from zero within the text.
struct EventMark: Hashable {
    var line = 0
    var column = 0
}

/// A syntax error that libyaml reports.
struct SyntaxProblem: Error {
    /// libyaml's message, such as `did not find expected key`.
    var problem: String
    var problemMark: EventMark
    /// The construct that was being read, such as `while parsing a block mapping`; empty if libyaml reports none.
    var context: String
    var contextMark: EventMark
    /// The offset of an invalid byte, if the error is a byte that is not part of a valid character.
    var byteOffset: Int?
}
