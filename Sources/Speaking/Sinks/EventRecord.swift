import YAML

/// One JSON object of the output.
struct EventRecord {
    let name: String
    let task: String?
    var fields: [(String, Node)]

    init(_ name: String, _ task: String?, _ fields: KeyValuePairs<String, Node>) {
        self.init(name, task, fields.map { ($0.key, $0.value) })
    }

    init(_ name: String, _ task: String?, _ fields: [(String, Node)]) {
        self.name = name
        self.task = task
        self.fields = fields
    }

    /// Creates the object that tells of a problem.
    init(_ problem: Problem, _ task: String?, object: String? = nil) {
        self.init("error", task, object.map { [("object", Node.string($0))] } ?? [])
        fields += problem.fields
    }

    /// The line, with the fields that all have.
    func line(run: String?, milliseconds: Int64) -> [UInt8] {
        var pairs: [(String, Node)] = [("time", .string(timestampText(milliseconds)))]
        if let run { pairs.append(("run", .string(run))) }
        pairs.append(("event", .string(name)))
        if let task { pairs.append(("task", .string(task))) }
        return Node.mapping(pairs + fields).json() + [UInt8(ascii: "\n")]
    }
}

extension Problem {
    /// The problem as the fields of a JSON object.
    fileprivate var fields: [(String, Node)] {
        var fields: [(String, Node)] = [("message", .string(message))]
        if let place { fields.append(("place", place.node)) }
        if let hint { fields.append(("hint", .string(hint))) }
        return fields
    }
}

extension Place {
    /// The place as a JSON object.
    fileprivate var node: Node {
        guard let mark else { return .mapping(["file": .string(file)]) }
        return .mapping(["file": .string(file), "line": .number(mark.line), "column": .number(mark.column)])
    }
}

extension Node {
    /// Makes a number of seconds.
    static func seconds(_ duration: Duration) -> Node {
        let text = duration.jsonSeconds
        return Node(.number(Number(text: text, json: text)), place: .nowhere)
    }
}
