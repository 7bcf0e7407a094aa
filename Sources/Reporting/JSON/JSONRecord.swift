public import Base

/// A JSON object that reports an event or an error.
struct JSONRecord {
    let name: String
    let task: String?
    let fields: [(String, Node?)]

    init(_ name: String, _ task: String?, _ fields: [(String, Node?)]) {
        (self.name, self.task, self.fields) = (name, task, fields)
    }

    init(_ problem: Problem, _ task: String?, object: String? = nil) {
        self.init("error", task, [("object", .text(object))] + problem.fields + [("cause", .text(problem.reason))])
    }

    /// Returns the object as a line, with the fields that are common to all objects.
    func line(run: String? = nil, sequence: Int? = nil, milliseconds: Int64) -> [UInt8] {
        let common: [(String, Node?)] = [
            ("time", .string(Timestamp.text(milliseconds: milliseconds))), ("run", .text(run)),
            ("sequence", sequence.map { .number($0) }), ("event", .string(name)), ("task", .text(task)),
        ]
        return Array((Node.output(common + fields) + "\n").utf8)
    }
}

extension Problem {
    var fields: [(String, Node?)] {
        [("message", .string(message)), ("place", location?.node), ("hint", .text(hint))]
    }
}

extension SourceLocation {
    var node: Node {
        guard let position else { return .mapping(["file": .string(file)]) }
        return .mapping(["file": .string(file), "line": .number(position.line), "column": .number(position.column)])
    }
}

extension Node {
    static func seconds(_ duration: Duration) -> Node {
        let text = duration.jsonSeconds
        return Node(.number(Number(text: text, json: text)), location: .nowhere)
    }

    public static func text(_ value: String?) -> Node? { value.map { .string($0) } }

    public static func strings(_ texts: [String]) -> Node { .sequence(texts.map { .string($0) }) }

    /// Creates a mapping without the keys whose values are `nil`.
    public static func known(_ pairs: [(String, Node?)]) -> Node {
        .mapping(pairs.compactMap { key, value in value.map { (key, $0) } })
    }

    /// Formats an object of machine-readable output as JSON on one line, without a line ending.
    ///
    /// The version comes first; fields whose values are `nil` are left out.
    public static func output(_ pairs: [(String, Node?)]) -> String {
        String(decoding: known([(outputVersion.0, outputVersion.1)] + pairs).json(), as: UTF8.self)
    }
}
