import Base

/// Builds the nodes of one document from libyaml's events.
///
/// Open collections are kept in an array, so that deep nesting cannot exhaust the stack.
struct Composer {
    /// The problems that do not end the reading, such as duplicate keys and wrong tags.
    var problems: [Problem] = []

    private let part: DocumentText
    private let limits: Limits
    private var frames: [ComposerFrame] = []
    private var anchors = Anchors()
    private var nodeCount = 0
    private var hasDocument = false
    private var root: Node?

    /// The scalar before the location at which libyaml stops, which may be the actual mistake.
    private var lastScalar: EventSpan?

    init(_ part: DocumentText, limits: Limits) {
        self.part = part
        self.limits = limits
    }

    /// Reads the document.
    ///
    /// - Returns: Its value, or `nil` for a document that has only comments.
    mutating func compose() throws(Problem) -> Node? {
        var parser = EventParser(part.bytes)
        while true {
            if let problem = Limits.tooManyProblems(problems) { throw problem }
            let (event, span) = try next(&parser)
            switch event {
            case .streamEnd: return root
            case .streamStart, .documentEnd: break
            case .documentStart: try startDocument(span)
            case .alias(let anchor): try take(alias: anchor, at: location(span.start))
            case .scalar(let scalar): try take(scalar, span)
            case .collectionStart(let collection): try open(collection, at: location(span.start))
            case .collectionEnd: close()
            }
        }
    }

    private func next(_ parser: inout EventParser) throws(Problem) -> (Event, EventSpan) {
        do throws(SyntaxProblem) {
            return try parser.next()
        } catch {
            let open = frames.last { $0.isFlow }.map { (location: $0.location, bracket: $0.isMapping ? "{" : "[") }
            throw SyntaxReport(
                problem: error,
                text: SourceText(part),
                openFlow: open,
                lastScalar: lastScalar,
                isBehindDocument: hasDocument,
            ).diagnostic
        }
    }

    private func location(_ position: EventMark) -> SourceLocation {
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
        // A document that has only comments after its marker has an empty scalar.
        if frames.isEmpty && scalar.isAbsent { return }
        let value = resolve(scalar, at: location)
        anchors.complete(scalar.anchor, .init(node: value.node(at: location), nodeCount: 1, height: 0))
        if expectsKey {
            frames[frames.count - 1].key = key(of: value, at: location)
        } else {
            if let problem = value.problemAsValue(at: location) { problems.append(problem) }
            add(value.node(at: location), height: 0)
        }
    }

    private mutating func take(alias name: String, at location: SourceLocation) throws(Problem) {
        let value = try anchors.value(of: name, at: location)
        try count(value.nodeCount, at: location)
        guard frames.count + value.height <= limits.depth else { throw limits.tooDeep(at: location) }
        if expectsKey {
            frames[frames.count - 1].key = key(of: value.node, at: location)
        } else {
            add(value.node, height: value.height, isAlias: true)
        }
    }

    private mutating func open(_ collection: CollectionEvent, at location: SourceLocation) throws(Problem) {
        try count(1, at: location)
        guard frames.count < limits.depth else { throw limits.tooDeep(at: location) }
        frames.append(ComposerFrame(collection, location: location, id: nodeCount))
        anchors.open(collection.anchor, id: nodeCount)
    }

    private mutating func close() {
        guard let frame = frames.popLast() else { return }
        let node = frame.node
        // The frame's number is the node count at its beginning.
        let count = nodeCount - frame.id + 1
        anchors.complete(frame.anchor, id: frame.id, .init(node: node, nodeCount: count, height: frame.height))
        if expectsKey {
            frames[frames.count - 1].key = key(of: node, at: frame.location)
        } else {
            add(node, height: frame.height)
        }
    }

    private var expectsKey: Bool {
        !frames.isEmpty && frames[frames.count - 1].expectsKey
    }

    /// Adds a value to its collection, or makes it the document's value.
    private mutating func add(_ node: Node, height: Int, isAlias: Bool = false) {
        guard !frames.isEmpty else {
            root = node
            return
        }
        let problem = frames[frames.count - 1].add(node, height: height, isAlias: isAlias)
        if let problem { problems.append(problem) }
    }

    private mutating func count(_ count: Int, at location: SourceLocation) throws(Problem) {
        nodeCount += count
        guard nodeCount <= limits.nodeCount else { throw limits.tooManyNodes(at: location) }
    }
}
