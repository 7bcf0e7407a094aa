public import Base

/// Returns the JSON Schema of a task file or drop-in, for editors and validators.
///
/// The schema covers the names of tasks, the keys, their types and most required keys; `check` enforces all other
/// rules. A text with a variable, `${name}`, is accepted wherever a variable can be used.
///
/// The format is JSON Schema, draft 2020-12: https://json-schema.org/draft/2020-12
public func taskFileSchema() -> Node {
    let variable = Node.mapping([
        ("type", .string("string")), ("pattern", .string(#"\$\{"#)), ("description", .string("a text with a variable")),
    ])
    let sections = taskFileSections().map { ($0.name, sectionSchema($0)) }
    return .mapping([
        ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
        ("title", .string("Task file of nest-bootstrap")),
        ("type", .string("object")),
        ("properties", .mapping(sections)),
        ("additionalProperties", .boolean(false)),
        ("$defs", .mapping([("variable", variable)])),
    ])
}

/// Returns the schema of a section; the section may be empty, and its required keys may be in another file.
private func sectionSchema(_ section: KeyDescription) -> Node {
    var pairs = [("description", Node.string(section.meaning))]
    switch section.type {
    case .mapping(let keys): pairs += objectSchema(keys, requires: false)
    case .dictionary where section.name == "tasks":
        pairs += dictionarySchema(taskSchema()) + [("propertyNames", taskNameSchema)]
    case .dictionary(let value): pairs += dictionarySchema(value.schema)
    default: preconditionFailure("a section is a mapping")
    }
    return .mapping(
        pairs.map { key, value in
            key == "type" ? (key, .sequence([value, .string("null")])) : (key, value)
        }
    )
}

/// The schema of a task's name; see ``isTaskName(_:)``.
private var taskNameSchema: Node {
    .mapping([
        ("pattern", .string("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")), ("maxLength", .number(Limit.nameLength)),
    ])
}

/// Returns the schema of a task: its own keys, one verb, and keys of verbs that the task itself may contain.
private func taskSchema() -> Node {
    var properties = TaskReader.keys.map { ($0.name, $0.description.schema) }
    var choices: [Node] = []
    for verb in verbTypes {
        let outside = verb.descriptions.filter { verb.taskLevelKeys.contains($0.name) }
        properties += outside.map { ($0.name, $0.schema) }
        guard let shorthand = verb.shorthandKey else {
            properties.append((verb.name, .mapping(objectSchema(verb.descriptions))))
            choices.append(required(verb.name))
            continue
        }
        // The keys that the verb requires may be set on the task.
        properties.append((verb.name, .mapping(objectSchema(verb.descriptions, requires: false))))
        choices.append(.mapping([("anyOf", .sequence([required(verb.name), required(shorthand)]))]))
    }
    // In a drop-in, a task may have only the key `enable`.
    let isSwitch = Node.mapping([
        ("required", .sequence([.string(TaskReader.enable.name)])), ("maxProperties", .number(1)),
    ])
    return .mapping([
        ("type", .string("object")), ("properties", .mapping(properties)), ("additionalProperties", .boolean(false)),
        ("oneOf", .sequence(choices + [isSwitch])),
    ])
}

/// Returns the schema of a mapping with known keys, none of which is required unless `requires` is set.
private func objectSchema(_ keys: [KeyDescription], requires: Bool = true) -> [(String, Node)] {
    var pairs: [(String, Node)] = [
        ("type", .string("object")), ("properties", .mapping(keys.map { ($0.name, $0.schema) })),
        ("additionalProperties", .boolean(false)),
    ]
    guard requires else { return pairs }
    let names = keys.filter { $0.presence == .required }.map(\.name)
    if !names.isEmpty { pairs.append(("required", .sequence(names.map { .string($0) }))) }
    var groups: [[String]] = []
    for case .oneOf(let group) in keys.map(\.presence) where !groups.contains(group) { groups.append(group) }
    if !groups.isEmpty {
        let conditions = groups.map { Node.mapping([("oneOf", .sequence($0.map(required)))]) }
        pairs.append(("allOf", .sequence(conditions)))
    }
    return pairs
}

/// Returns the schema of a mapping whose keys the author chooses.
private func dictionarySchema(_ value: Node) -> [(String, Node)] {
    [("type", .string("object")), ("additionalProperties", value)]
}

/// Returns the condition that a mapping has a key.
private func required(_ name: String) -> Node {
    .mapping([("required", .sequence([.string(name)]))])
}

extension KeyDescription {
    /// The schema of the value, with the documentation of the key as its description.
    fileprivate var schema: Node {
        let text = presenceText.isEmpty || presence == .required ? meaning : "\(meaning) (default: \(presenceText))"
        let isChoice = if case .oneOf = presence { true } else { false }
        let description = Node.string(isChoice ? "\(meaning) (\(presenceText))" : text)
        return .mapping(
            [("description", description)] + (type.schema.mapping?.entries ?? []).map { ($0.key, $0.value) }
        )
    }
}

extension ValueType {
    fileprivate var schema: Node {
        switch self {
        case .capability: orVariable([("enum", .sequence(capabilityNames.map { .string($0) }))])
        case .string, .text, .name: .mapping([("type", .string("string"))])
        // YAML reads digits without quotes as a number.
        case .account, .mode:
            .mapping([("type", .sequence([.string("string"), .string("integer")])), ("minimum", .number(0))])
        case .path: .mapping([("type", .string("string")), ("minLength", .number(1))])
        case .integer: orVariable([("type", .string("integer")), ("minimum", .number(0))])
        case .number: .mapping([("type", .string("number"))])
        case .boolean: orVariable([("type", .string("boolean"))])
        case .duration: pattern(#"(?=.)([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?"#)
        case .absolutePath: pattern("/.*")
        // The scheme of a URL is case-insensitive.
        case .url, .serverURL: pattern("[Hh][Tt][Tt][Pp][Ss]?://.+")
        case .digest: pattern("[0-9A-Fa-f]{64}")
        case .endpoint: pattern(".+:[0-9]+")
        case .address: pattern("[0-9A-Fa-f:.]+")
        case .addressRange: pattern("[0-9A-Fa-f:.]+(/[0-9]+)?")
        case .enumeration(["true"]): orVariable([("const", .boolean(true))])
        case .enumeration(let words): orVariable([("enum", .sequence(words.map { .string($0) }))])
        case .either(let types): .mapping([("anyOf", .sequence(types.map(\.schema)))])
        case .array(let item): .mapping([("type", .string("array")), ("items", item.schema)])
        case .dictionary(let value): .mapping(dictionarySchema(value.schema))
        case .mapping(let keys): .mapping(objectSchema(keys))
        }
    }

    /// Returns the schema of a text that matches a pattern as a whole, or contains a variable.
    private func pattern(_ pattern: String) -> Node {
        .mapping([("type", .string("string")), ("pattern", .string("^(\(pattern))$|\\$\\{"))])
    }

    /// Returns a schema that also accepts a text with a variable.
    private func orVariable(_ pairs: [(String, Node)]) -> Node {
        .mapping([("anyOf", .sequence([.mapping(pairs), .mapping([("$ref", .string("#/$defs/variable"))])]))])
    }
}
