internal import FoundationEssentials

/// A value of a JSON document.
public enum JSON: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case sequence([JSON])
    case mapping([String: JSON])

    /// Reads a JSON text.
    ///
    /// - Throws: `DecodingError` if the text is not valid JSON.
    public init(_ text: String) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    }

    /// The value at a key of a mapping.
    public subscript(_ key: String) -> JSON? { mapping?[key] }

    /// The item of a sequence, `nil` if it has fewer.
    public subscript(_ index: Int) -> JSON? { sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil } }

    /// The text of a string.
    public var string: String? { if case .string(let text) = self { text } else { nil } }

    /// The value of a boolean.
    public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

    /// The value of a whole number.
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }

    /// The items of a sequence.
    public var sequence: [JSON]? { if case .sequence(let items) = self { items } else { nil } }

    /// The values of a mapping by their keys.
    public var mapping: [String: JSON]? { if case .mapping(let values) = self { values } else { nil } }

    /// The keys and values of a mapping, sorted by the keys.
    public var entries: [(key: String, value: JSON)]? { mapping.map { $0.sorted { $0.key < $1.key } } }

    /// The paths of all fields of an object, sorted; the items of a list are one.
    public var fieldPaths: [String] { Set(paths(below: "")).sorted() }

    private func paths(below prefix: String) -> [String] {
        switch self {
        case .mapping(let values):
            values.flatMap { key, value in ["\(prefix)\(key)"] + value.paths(below: "\(prefix)\(key).") }
        case .sequence(let items): items.flatMap { $0.paths(below: prefix) }
        default: []
        }
    }
}

extension JSON: Codable {
    /// Decodes any value.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        // The most frequent kinds come first, because each failed attempt throws an error.
        if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let values = try? value.decode([String: JSON].self) {
            self = .mapping(values)
        } else if let items = try? value.decode([JSON].self) {
            self = .sequence(items)
        } else if let flag = try? value.decode(Bool.self) {
            self = .boolean(flag)
        } else if let number = try? value.decode(Int.self) {
            self = .integer(number)
        } else if value.decodeNil() {
            self = .null
        } else {
            self = .number(try value.decode(Double.self))
        }
    }

    /// Encodes the value.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .boolean(let flag): try value.encode(flag)
        case .integer(let number): try value.encode(number)
        case .number(let number): try value.encode(number)
        case .string(let text): try value.encode(text)
        case .sequence(let items): try value.encode(items)
        case .mapping(let values): try value.encode(values)
        }
    }
}

extension JSON: CustomStringConvertible {
    /// The value as JSON in one line, with sorted keys.
    public var description: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? encoder.encode(self)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

extension String {
    /// The document of a JSON text.
    public var json: JSON {
        get throws { try JSON(self) }
    }

    /// The documents of a YAML text, which Python reads.
    public var yamlDocuments: [JSON] {
        get throws {
            let read = "list(yaml.safe_load_all(sys.stdin))"
            let script = "import json, sys, yaml; json.dump(\(read), sys.stdout, default=str)"
            let result = try Tool("python3", ["-c", script], input: self).blockingResult()
            guard result.status == 0 else { throw ToolFailure(command: "python3", result: result) }
            return try result.output.json.sequence ?? []
        }
    }
}

/// Encodes bytes in Base64, in one line.
public func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

/// Returns the SHA-256 digest of a text in hexadecimal digits.
public func sha256Digest(_ text: String) throws -> String {
    let result = try Tool("sha256sum", input: text).blockingResult()
    guard result.status == 0 else { throw ToolFailure(command: "sha256sum", result: result) }
    return String(result.output.prefix { $0 != " " })
}

/// The time of the machine's clock, in seconds since 1970.
public func secondsSince1970() -> Int { Int(Date().timeIntervalSince1970) }

/// The text of an instant in UTC, such as `2026-02-03T04:05:06Z`.
public func utcText(secondsSince1970 seconds: Int) -> String {
    Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
}
