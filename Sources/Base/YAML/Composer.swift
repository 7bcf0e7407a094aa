/// A builder of the nodes of one document from libyaml's events.
///
/// Open collections are kept in an array, so that deep nesting cannot exhaust the stack.
struct Composer {
    /// The problems that do not stop the composer, such as duplicate keys and wrong tags.
    var problems: [Problem] = []

    let part: DocumentText
    private let limits: Limits
    private(set) var frames: [CollectionFrame] = []
    private var anchors = Anchors()
    /// The number of keys and values so far, with aliases expanded.
    private(set) var nodeCount = 0

    private var hasDocument = false
    private var root: Node?

    /// The latest scalar, which may contain the actual error if libyaml stops after it.
    private var lastScalar: EventSpan?

    init(_ part: DocumentText, limits: Limits) {
        self.part = part
        self.limits = limits
    }

    /// Reads the document's value; returns `nil` if the document is empty apart from comments.
    mutating func compose() throws(Problem) -> Node? {
        var parser = EventParser(part.bytes)
        while true {
            if let problem = Limits.tooManyProblems(problems) { throw problem }
            let (event, span) = try next(&parser)
            switch event {
            case .streamEnd: return root
            case .other: break
            case .documentStart: try startDocument(span)
            case .alias(let anchor): try take(alias: anchor, at: location(span.start))
            case .scalar(let scalar): try take(scalar, span)
            case .collectionStart(let collection): try open(collection, at: span.start)
            case .collectionEnd: close()
            }
        }
    }

    private mutating func next(_ parser: inout EventParser) throws(Problem) -> (Event, EventSpan) {
        do throws(SyntaxProblem) {
            return try parser.next()
        } catch {
            let open = frames.last { $0.isFlow }?.mark
            throw SyntaxReport(error, openFlow: open, lastScalar: lastScalar, in: part).problem
        }
    }

    func location(_ position: EventMark) -> SourceLocation {
        SourceLocation(
            file: part.file,
            position: SourceLocation.Position(line: part.line + position.line, column: position.column + 1)
        )
    }

    /// Refuses a second document, which kubectl would ignore silently.
    private mutating func startDocument(_ span: EventSpan) throws(Problem) {
        guard !hasDocument else {
            throw Problem(
                "another document begins here without a line '---' before it",
                at: location(span.start),
                hint: "put a line '---' before it"
            )
        }
        hasDocument = true
    }

    private mutating func take(_ scalar: ScalarEvent, _ span: EventSpan) throws(Problem) {
        let location = location(span.start)
        try count(1, at: location)
        lastScalar = span
        // libyaml reports an empty scalar for a document that contains only comments after its `---`.
        if frames.isEmpty && scalar.isAbsent { return }
        let node = node(of: scalar, at: location)
        anchors.complete(scalar.anchor, .init(node: node, nodeCount: 1, height: 0))
        if scalar.isMerge, expectsKey {
            frames[frames.count - 1].key = .merge(location)
        } else {
            add(node, at: location, height: 0)
        }
    }

    private mutating func take(alias name: String, at location: SourceLocation) throws(Problem) {
        try anchors.checkOpen(name, at: location)
        if let problem = anchors.problem(of: name, at: location) { problems.append(problem) }
        let value = anchors.value(of: name) ?? unknownValue(of: name, at: location)
        try count(value.nodeCount, at: location)
        guard frames.count + value.height <= limits.depth else { throw limits.tooDeep(at: location) }
        add(value.node, at: location, height: value.height, isAlias: true)
    }

    private mutating func open(_ collection: CollectionEvent, at mark: EventMark) throws(Problem) {
        let location = location(mark)
        try count(1, at: location)
        guard frames.count < limits.depth else { throw limits.tooDeep(at: location) }
        checkTag(collection.tag, collection.isMapping ? ["map", "set"] : ["seq", "omap", "pairs"], at: location)
        frames.append(CollectionFrame(collection, mark: mark, location: location, id: nodeCount))
        anchors.open(collection.anchor, id: nodeCount)
    }

    private mutating func close() {
        guard let frame = frames.popLast() else { return }
        let node = frame.node
        // The frame's ID is the node count at the beginning of the collection.
        let count = nodeCount - frame.id + 1
        anchors.complete(frame.anchor, id: frame.id, .init(node: node, nodeCount: count, height: frame.height))
        add(node, at: frame.location, height: frame.height)
    }

    private var expectsKey: Bool { frames.last?.expectsKey == true }

    /// Adds a key or value to the innermost open collection; without one, the node is the document's value.
    private mutating func add(_ node: Node, at location: SourceLocation, height: Int, isAlias: Bool = false) {
        guard let last = frames.indices.last else {
            root = node
            return
        }
        if frames[last].expectsKey {
            frames[last].key = key(of: node, at: location)
        } else if let problem = frames[last].add(node, height: height, isAlias: isAlias) {
            problems.append(problem)
        }
    }

    private mutating func count(_ count: Int, at location: SourceLocation) throws(Problem) {
        nodeCount += count
        guard nodeCount <= limits.nodeCount else { throw limits.tooManyNodes(at: location) }
    }
}

extension Composer {
    /// Returns the value of a scalar as kubectl reads it.
    private mutating func node(of scalar: ScalarEvent, at location: SourceLocation) -> Node {
        let (text, style) = (scalar.text, scalar.style)
        switch value(of: scalar, at: location) {
        case .null: return Node(.null, location: location, style: style, word: text)
        case .boolean(let value): return Node(.boolean(value), location: location, style: style, word: text)
        case .integer(let number), .float(let number): return Node(.number(number), location: location, style: style)
        case .notFinite:
            let hint = "put it in quotes: '\(text)'"
            problems.append(Problem("'\(text)' is a number that JSON cannot represent", at: location, hint: hint))
        case .string: break
        }
        return Node(.string(text), location: location, style: style)
    }

    /// Determines the type of a scalar from its style, tag and text; a non-standard tag makes it a string.
    private mutating func value(of scalar: ScalarEvent, at location: SourceLocation) -> ScalarValue {
        checkTag(
            scalar.tag,
            ["str", "int", "float", "bool", "null", "timestamp", "merge", "value"],
            at: location
        )
        guard let tag = scalar.standardTag else {
            return scalar.style == .plain && scalar.tag == nil ? ScalarValue(scalar.text) : .string
        }
        let value = ScalarValue(scalar.text)
        switch (tag, value) {
        case ("int", .integer), ("float", .integer), ("float", .float), ("float", .notFinite), ("bool", .boolean),
            ("null", .null):
            return value
        case ("int", _), ("float", _), ("bool", _), ("null", _):
            problems.append(Problem("'\(scalar.text)' does not match its tag '!!\(tag)'", at: location))
        default: break
        }
        return .string
    }

    /// Reports a tag that is not one of the expected standard tags.
    ///
    /// kubectl ignores such tags, so a value that another program should have replaced reaches the cluster unchanged.
    private mutating func checkTag(_ tag: String?, _ own: [String], at location: SourceLocation) {
        let prefix = "tag:yaml.org,2002:"
        guard let tag, tag != "!", !own.contains(where: { tag == prefix + $0 }) else { return }
        let shown = tag.hasPrefix(prefix) ? "!!\(tag.dropFirst(prefix.count))" : tag
        problems.append(
            Problem("tag '\(shown)' means nothing for this value", at: location, hint: "remove the tag")
        )
    }

    /// Returns the substitute for the value of an alias without an anchor.
    private func unknownValue(of name: String, at location: SourceLocation) -> Anchors.Value {
        if case .merge? = frames.last?.key {
            return Anchors.Value(node: .mapping([], location: location), nodeCount: 1, height: 0)
        }
        return Anchors.Value(node: .string("*\(name)", location: location), nodeCount: 1, height: 0)
    }

    /// Converts a node to a key, or reports why the node cannot be a key.
    private mutating func key(of node: Node, at location: SourceLocation) -> CollectionFrame.Key {
        var (message, hint) = ("\(node.kindName) cannot be a key", "if it is text, put it in quotes")
        switch node.content {
        case .string(let text): return .text(text, location)
        case .boolean(let value):
            let word = value ? "true" : "false"
            // kubectl silently replaces a key such as `yes` with `true`.
            guard let written = node.misleadingWord else { return .text(word, location) }
            message = "key '\(written)' is the boolean \(word) in YAML 1.1, so it would become '\(word)'"
            hint = "put it in quotes: '\(written)'"
        case .number(let number):
            // kubectl rounds a key that is not an integer to a 32-bit floating-point number.
            guard case .float = ScalarValue(number.text) else { return .text(number.json, location) }
            message = "key '\(number.text)' is a number that is not an integer of 64 bits"
            hint = "put it in quotes: '\(number.text)'"
        case .null:
            message = "key is null"
            hint = "put it in quotes: '\(node.spelling ?? "")'"
        case .sequence: break
        case .mapping:
            // For `{{ name }}`, the problem is reported at the outer mapping.
            let outer = frames.last.flatMap { $0.isFlow ? $0.location : nil }
            problems.append(.mappingAsKey(at: outer ?? location))
            return .invalid
        }
        problems.append(Problem(message, at: location, hint: hint))
        return .invalid
    }
}

extension ScalarEvent {
    /// The name of the scalar's standard tag, such as `int` for `!!int`; `nil` without a standard tag.
    var standardTag: String? {
        let prefix = "tag:yaml.org,2002:"
        guard let tag, tag.hasPrefix(prefix) else { return nil }
        return String(tag.dropFirst(prefix.count))
    }

    /// Whether the scalar is `<<`, which as a key merges mappings.
    var isMerge: Bool {
        // A single `!` makes every scalar a string, except `<<`.
        let isUntagged = style == .plain && (tag == nil || tag == "!")
        return text == "<<" && (isUntagged || standardTag == "merge")
    }

    /// Whether the scalar is empty and has no quotes, tag or anchor.
    var isAbsent: Bool {
        text.isEmpty && style == .plain && tag == nil && anchor == nil
    }
}

/// The anchored values of a document.
struct Anchors {
    struct Value {
        var node: Node
        /// The number of nodes, with aliases expanded.
        var nodeCount: Int
        /// The depth of nested collections, including the value itself.
        var height: Int
    }

    private var values: [String: Value] = [:]

    /// The IDs of open collections, by anchor.
    private var open: [String: Int] = [:]

    /// Records the beginning of a collection with an anchor.
    mutating func open(_ name: String?, id: Int) {
        guard let name else { return }
        open[name] = id
    }

    /// Records the value of an anchor, unless the value contains another anchor with the same name.
    mutating func complete(_ name: String?, id: Int? = nil, _ value: @autoclosure () -> Value) {
        guard let name else { return }
        if let id, open[name] != id { return }
        open[name] = nil
        values[name] = value()
    }

    func value(of name: String) -> Value? { values[name] }

    /// Returns a problem if an alias has no anchor, otherwise `nil`.
    func problem(of name: String, at location: SourceLocation) -> Problem? {
        guard values[name] == nil else { return nil }
        let near = nearestName(to: name, in: values.keys.sorted()).map { "did you mean '*\($0)'?" }
        return Problem(
            "alias '*\(name)' has no anchor in this document",
            at: location,
            hint: near
                ?? "put it in quotes if it is text: '*\(name)', or write '&\(name)' before the value that it names"
        )
    }

    /// Refuses an alias inside the value of its anchor, which would be infinitely deep.
    func checkOpen(_ name: String, at location: SourceLocation) throws(Problem) {
        guard open[name] != nil else { return }
        throw Problem("alias '*\(name)' is inside the value of its anchor", at: location)
    }
}
