/// Builds the nodes of one document from libyaml's events.
///
/// The collections that are open are kept in an array, so that no nesting can exhaust the stack.
struct Composer {
    /// What is wrong with values, which does not end the reading: keys that come twice, tags that do not fit.
    var problems: [Diagnostic] = []

    private let part: DocumentText
    private let limits: Limits
    private var frames: [ComposerFrame] = []
    private var anchors = Anchors()
    private var nodeCount = 0
    private var hasDocument = false
    private var root: Node?

    /// The scalar before the place at which libyaml stops, which may be what is really wrong.
    private var lastScalar: EventSpan?

    init(_ part: DocumentText, limits: Limits) {
        self.part = part
        self.limits = limits
    }

    /// Reads the document.
    ///
    /// - Returns: Its value, or `nil` for a document with nothing but comments.
    mutating func compose() throws(Diagnostic) -> Node? {
        var parser = EventParser(part.bytes)
        while true {
            if let problem = Limits.tooManyProblems(problems) { throw problem }
            let (event, span) = try next(&parser)
            switch event {
            case .streamEnd: return root
            case .streamStart, .documentEnd: break
            case .documentStart: try startDocument(span)
            case .alias(let anchor): try take(alias: anchor, at: place(span.start))
            case .scalar(let scalar): try take(scalar, span)
            case .collectionStart(let collection): try open(collection, at: place(span.start))
            case .collectionEnd: close()
            }
        }
    }

    private func next(_ parser: inout EventParser) throws(Diagnostic) -> (Event, EventSpan) {
        do throws(SyntaxProblem) {
            return try parser.next()
        } catch {
            let open = frames.last { $0.isFlow }.map { (place: $0.place, bracket: $0.isMapping ? "{" : "[") }
            throw SyntaxReport(
                problem: error,
                text: SourceText(part),
                openFlow: open,
                lastScalar: lastScalar,
                isBehindDocument: hasDocument,
            ).diagnostic
        }
    }

    private func place(_ mark: EventMark) -> Place {
        Place(file: part.file, mark: Mark(line: part.line + mark.line, column: mark.column + 1))
    }

    /// Refuses a second document: kubectl would pass over it without a word.
    private mutating func startDocument(_ span: EventSpan) throws(Diagnostic) {
        guard !hasDocument else {
            throw Diagnostic(
                place(span.start),
                "another document begins here without a line '---' before it",
                hint: "put a line '---' before it",
            )
        }
        hasDocument = true
    }

    private mutating func take(_ scalar: ScalarEvent, _ span: EventSpan) throws(Diagnostic) {
        let place = place(span.start)
        try count(1, at: place)
        lastScalar = span
        // A document that is only comments behind its marker has a value of no characters.
        if frames.isEmpty && scalar.isAbsent { return }
        let value = resolve(scalar, at: place)
        anchors.complete(scalar.anchor, .init(node: value.node(at: place), nodeCount: 1, height: 0))
        if expectsKey {
            frames[frames.count - 1].key = key(of: value, at: place)
        } else {
            if let problem = value.problemAsValue(at: place) { problems.append(problem) }
            add(value.node(at: place), height: 0)
        }
    }

    private mutating func take(alias name: String, at place: Place) throws(Diagnostic) {
        let value = try anchors.value(of: name, at: place)
        try count(value.nodeCount, at: place)
        guard frames.count + value.height <= limits.depth else { throw limits.tooDeep(at: place) }
        if expectsKey {
            frames[frames.count - 1].key = key(of: value.node, at: place)
        } else {
            add(value.node, height: value.height, isAlias: true)
        }
    }

    private mutating func open(_ collection: CollectionEvent, at place: Place) throws(Diagnostic) {
        try count(1, at: place)
        guard frames.count < limits.depth else { throw limits.tooDeep(at: place) }
        frames.append(ComposerFrame(collection, place: place, id: nodeCount))
        anchors.open(collection.anchor, id: nodeCount)
    }

    private mutating func close() {
        guard let frame = frames.popLast() else { return }
        let node = frame.node
        // The frame's own number is the count of nodes with which it began.
        let count = nodeCount - frame.id + 1
        anchors.complete(frame.anchor, id: frame.id, .init(node: node, nodeCount: count, height: frame.height))
        if expectsKey {
            frames[frames.count - 1].key = key(of: node, at: frame.place)
        } else {
            add(node, height: frame.height)
        }
    }

    private var expectsKey: Bool {
        !frames.isEmpty && frames[frames.count - 1].expectsKey
    }

    /// Hands a value to its collection, or keeps it as the document's.
    private mutating func add(_ node: Node, height: Int, isAlias: Bool = false) {
        guard !frames.isEmpty else {
            root = node
            return
        }
        let problem = frames[frames.count - 1].add(node, height: height, isAlias: isAlias)
        if let problem { problems.append(problem) }
    }

    private mutating func count(_ count: Int, at place: Place) throws(Diagnostic) {
        nodeCount += count
        guard nodeCount <= limits.nodeCount else { throw limits.tooManyNodes(at: place) }
    }
}
