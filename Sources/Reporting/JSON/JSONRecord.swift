import Base
import YAML

/// A JSON object of machine-readable output.
struct JSONRecord {
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

    init(_ problem: Problem, _ task: String?, object: String? = nil) {
        self.init("error", task, object.map { [("object", Node.string($0))] } ?? [])
        // The message begins with the object, or with what an error has made impossible.
        let prefix = object.map { "\($0): " } ?? ""
        let isAboutObject = !prefix.isEmpty && problem.message.hasPrefix(prefix)
        let rest = isAboutObject ? String(problem.message.dropFirst(prefix.count)) : nil
        fields += problem.fields
        if let cause = problem.reason ?? rest { fields.append(("cause", .string(cause))) }
    }

    /// Adds the diff that a dry run has found, if there is one.
    mutating func add(diff: [String]) {
        guard !diff.isEmpty else { return }
        fields.append(("diff", .string(diff.map { "\($0)\n" }.joined())))
    }

    /// Returns the object as a line, with the fields that all objects have in common.
    func line(run: String? = nil, sequence: Int? = nil, milliseconds: Int64) -> [UInt8] {
        var pairs: [(String, Node)] = [
            Node.outputVersion, ("time", .string(Timestamp.text(milliseconds: milliseconds))),
        ]
        if let run { pairs.append(("run", .string(run))) }
        if let sequence { pairs.append(("sequence", .number(sequence))) }
        pairs.append(("event", .string(name)))
        if let task { pairs.append(("task", .string(task))) }
        return Node.mapping(pairs + fields).json() + [UInt8(ascii: "\n")]
    }
}

extension Problem {
    /// The problem as the fields of a JSON object.
    var fields: [(String, Node)] {
        var fields: [(String, Node)] = [("message", .string(message))]
        if let location { fields.append(("place", location.node)) }
        if let hint { fields.append(("hint", .string(hint))) }
        return fields
    }
}

extension SourceLocation {
    /// The location as a JSON object.
    var node: Node {
        guard let position else { return .mapping(["file": .string(file)]) }
        return .mapping(["file": .string(file), "line": .number(position.line), "column": .number(position.column)])
    }
}

extension Node {
    /// Creates a node with a number of seconds.
    static func seconds(_ duration: Duration) -> Node {
        let text = duration.jsonSeconds
        return Node(.number(Number(text: text, json: text)), location: .nowhere)
    }
}
