/// Encodes a value as JSON for a state file.
public func stateFile(_ value: some Encodable) -> [UInt8] {
    let encoder = NodeEncoder()
    do {
        try encoder.encode(value)
    } catch {
        preconditionFailure("a value of a state file cannot be encoded: \(error)")
    }
    return encoder.node.json() + [UInt8(ascii: "\n")]
}

/// Decodes a value from the content of a state file; returns `nil` if the content does not match the type.
///
/// Integers must be between 0 and 2^53: a task's program may have written the file, and sums must not overflow.
public func stateValue<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) -> Value? {
    guard let node = try? readJSON(bytes, file: "state") else { return nil }
    return try? NodeDecoder(node: node).decode(type)
}

/// An encoder whose result is a JSON value.
private final class NodeEncoder: Encoder, SingleValueEncodingContainer {
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    private var scalar = Node.null()
    private var items: [NodeEncoder]?
    private var fields: [(String, NodeEncoder)]?

    var node: Node {
        if let fields { return .mapping(fields.map { ($0, $1.node) }) }
        return items.map { .sequence($0.map(\.node)) } ?? scalar
    }

    func encodeNil() {}

    func encode<Value: Encodable>(_ value: Value) throws {
        switch value {
        case let value as String: scalar = .string(value)
        case let value as Bool: scalar = .boolean(value)
        case let value as any BinaryInteger: scalar = .number(Int(clamping: value))
        case let value as Duration: scalar = .number(Int(value.microseconds))
        case let value as Timestamp: scalar = .string(value.description)
        default: try value.encode(to: self)
        }
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        items = items ?? []
        return Items(encoder: self)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        fields = fields ?? []
        return KeyedEncodingContainer(Fields(encoder: self))
    }

    private struct Items: UnkeyedEncodingContainer {
        let encoder: NodeEncoder
        var codingPath: [any CodingKey] { [] }
        var count: Int { encoder.items?.count ?? 0 }

        private func next() -> NodeEncoder {
            let item = NodeEncoder()
            encoder.items?.append(item)
            return item
        }

        func encodeNil() { next().encodeNil() }
        func encode<Value: Encodable>(_ value: Value) throws { try next().encode(value) }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next().unkeyedContainer() }
        func nestedContainer<Nested>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
            next().container(keyedBy: type)
        }
        func superEncoder() -> any Encoder { next() }
    }

    private struct Fields<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: NodeEncoder
        var codingPath: [any CodingKey] { [] }

        private func value(_ key: Key) -> NodeEncoder {
            let value = NodeEncoder()
            encoder.fields?.append((key.stringValue, value))
            return value
        }

        func encodeNil(forKey key: Key) { value(key).encodeNil() }
        func encode<Value: Encodable>(_ new: Value, forKey key: Key) throws { try value(key).encode(new) }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { value(key).unkeyedContainer() }
        func nestedContainer<Nested>(
            keyedBy type: Nested.Type,
            forKey key: Key
        ) -> KeyedEncodingContainer<Nested> { value(key).container(keyedBy: type) }
        func superEncoder() -> any Encoder { encoder }
        func superEncoder(forKey key: Key) -> any Encoder { value(key) }
    }
}

/// A decoder of a JSON value.
private struct NodeDecoder: Decoder, SingleValueDecodingContainer {
    let node: Node
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    private static let damage = DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not as written"))

    private var count: Int? { node.integer.flatMap { 0...(1 << 53) ~= $0 ? $0 : nil } }

    func decodeNil() -> Bool { node.isNull }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value: Any?
        switch type {
        case is String.Type: value = node.string
        case is Bool.Type: value = node.boolean
        case let type as any FixedWidthInteger.Type: value = count.flatMap { type.init(exactly: $0) }
        case is Duration.Type: value = count.map { Duration.microseconds($0) }
        case is Timestamp.Type: value = node.string.flatMap { Timestamp(rfc3339: $0) }
        default: return try Value(from: self)
        }
        guard let value = value as? Value else { throw Self.damage }
        return value
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let items = node.sequence else { throw Self.damage }
        return Items(items: items)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let mapping = node.mapping else { throw Self.damage }
        return KeyedDecodingContainer(Fields(decoder: self, mapping: mapping))
    }

    private struct Items: UnkeyedDecodingContainer {
        let items: [Node]
        var currentIndex = 0
        var codingPath: [any CodingKey] { [] }
        var count: Int? { items.count }
        var isAtEnd: Bool { currentIndex == items.count }

        private mutating func next() throws -> NodeDecoder {
            guard !isAtEnd else { throw damage }
            defer { currentIndex += 1 }
            return NodeDecoder(node: items[currentIndex])
        }

        mutating func decodeNil() throws -> Bool {
            let isNull = !isAtEnd && items[currentIndex].isNull
            if isNull { currentIndex += 1 }
            return isNull
        }
        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().decode(type) }
        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }
        mutating func nestedContainer<Nested>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
            try next().container(keyedBy: type)
        }
        mutating func superDecoder() throws -> any Decoder { try next() }
    }

    private struct Fields<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let decoder: NodeDecoder
        let mapping: Mapping
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { mapping.entries.compactMap { Key(stringValue: $0.key) } }

        private func value(_ key: Key) throws -> NodeDecoder {
            guard let node = mapping[key.stringValue] else { throw damage }
            return NodeDecoder(node: node)
        }

        func contains(_ key: Key) -> Bool { mapping[key.stringValue] != nil }
        func decodeNil(forKey key: Key) throws -> Bool { try value(key).decodeNil() }
        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
            try value(key).decode(type)
        }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try value(key).unkeyedContainer()
        }
        func nestedContainer<Nested>(
            keyedBy type: Nested.Type,
            forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> { try value(key).container(keyedBy: type) }
        func superDecoder() throws -> any Decoder { decoder }
        func superDecoder(forKey key: Key) throws -> any Decoder { try value(key) }
    }
}
