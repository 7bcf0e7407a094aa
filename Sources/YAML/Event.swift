/// A step of libyaml through a text.
enum Event {
    case streamStart
    case streamEnd
    case documentStart
    case documentEnd
    case alias(anchor: String)
    case scalar(ScalarEvent)
    case collectionStart(CollectionEvent)
    case collectionEnd
}

/// A scalar as it was written.
struct ScalarEvent {
    /// The characters, line breaks folded and escapes replaced.
    var text: String
    var anchor: String?
    var tag: String?
    var style: Node.Style
}

/// The beginning of a mapping or sequence.
struct CollectionEvent {
    var isMapping: Bool
    var anchor: String?
    /// Whether it is written in brackets, so that it needs a closing one.
    var isFlow: Bool
}

/// Where an event begins and ends, lines and columns counted from zero within the text.
struct EventSpan {
    var start = EventMark()
    var end = EventMark()
}

/// A position, line and column counted from zero within the text.
struct EventMark: Hashable {
    var line = 0
    var column = 0
}

/// libyaml's error about a text.
struct SyntaxProblem: Error {
    /// libyaml's text, such as `did not find expected key`.
    var problem: String
    var problemMark: EventMark
    /// The construct that was being read, such as `while parsing a block mapping`; empty if libyaml reports nothing.
    var context: String
    var contextMark: EventMark
    /// The offset of a byte that is not a valid character.
    var byteOffset: Int?
}
