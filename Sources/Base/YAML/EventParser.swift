import CYAML

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

/// A scalar whose type is not yet determined.
struct ScalarEvent {
    /// The characters after folding and unescaping.
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
    /// Whether the collection is in flow style: `[…]` or `{…}`.
    var isFlow: Bool
}

/// The beginning and end of an event's text.
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
    /// The offset of invalid UTF-8 or of a character that YAML forbids; `nil` for other errors.
    var byteOffset: Int?
}

/// A libyaml parser with its own copy of a text.
///
/// The C parser stores its own address and a pointer to the text, so both are allocated on the heap.
@safe
struct EventParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    /// Starts parsing a text, which is UTF-8 without a byte-order mark.
    ///
    /// If the last line has no line feed, one is added, as in kubectl, and becomes part of a block scalar at the end.
    init(_ text: ArraySlice<UInt8>) {
        unsafe input = .allocate(capacity: text.count + 1)
        let end = unsafe input.initialize(fromContentsOf: text)
        unsafe input.initializeElement(at: end, to: UInt8(ascii: "\n"))
        let needsLineEnd = !text.isEmpty && text.last != UInt8(ascii: "\n")
        unsafe parser = .allocate(capacity: 1)
        let isReady = unsafe yaml_parser_initialize(parser) == 1
        precondition(isReady, "libyaml needs memory for a parser")
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, end + (needsLineEnd ? 1 : 0))
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    mutating func next() throws(SyntaxProblem) -> (event: Event, span: EventSpan) {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { unsafe yaml_event_delete(&event) }
        return unsafe (Event(event), EventSpan(event))
    }

    private func problem() -> SyntaxProblem {
        let state = unsafe parser.pointee
        return unsafe SyntaxProblem(
            problem: state.problem.map { unsafe String(cString: $0) } ?? "unreadable",
            problemMark: EventMark(state.problem_mark),
            context: state.context.map { unsafe String(cString: $0) } ?? "",
            contextMark: EventMark(state.context_mark),
            byteOffset: state.error == YAML_READER_ERROR ? Int(state.problem_offset) : nil,
        )
    }
}

extension Event {
    fileprivate init(_ event: yaml_event_t) {
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT: self = .other
        case YAML_DOCUMENT_START_EVENT: self = .documentStart
        case YAML_ALIAS_EVENT: self = unsafe .alias(anchor: text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT: self = unsafe .scalar(ScalarEvent(event))
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            let isFlow = unsafe start.style == YAML_FLOW_SEQUENCE_STYLE
            let (anchor, tag) = unsafe (text(start.anchor), text(start.tag))
            self = .collectionStart(CollectionEvent(isMapping: false, anchor: anchor, tag: tag, isFlow: isFlow))
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            let isFlow = unsafe start.style == YAML_FLOW_MAPPING_STYLE
            let (anchor, tag) = unsafe (text(start.anchor), text(start.tag))
            self = .collectionStart(CollectionEvent(isMapping: true, anchor: anchor, tag: tag, isFlow: isFlow))
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: self = .collectionEnd
        default: self = .streamEnd
        }
    }
}

extension ScalarEvent {
    fileprivate init(_ event: yaml_event_t) {
        let scalar = unsafe event.data.scalar
        let characters = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        text = unsafe String(decoding: characters, as: UTF8.self)
        anchor = unsafe Base.text(scalar.anchor)
        tag = unsafe Base.text(scalar.tag)
        switch unsafe scalar.style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: style = .quoted
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: style = .block
        default: style = .plain
        }
    }
}

extension EventSpan {
    fileprivate init(_ event: yaml_event_t) {
        start = unsafe EventMark(event.start_mark)
        end = unsafe EventMark(event.end_mark)
    }
}

extension EventMark {
    fileprivate init(_ position: yaml_mark_t) {
        line = position.line
        column = position.column
    }
}

private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe String(cString: pointer)
}
