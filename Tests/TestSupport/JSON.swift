internal import FoundationEssentials

public enum JSON: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case sequence([JSON])
    case mapping([String: JSON])

    public init(_ text: String) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
        _ = try text.jsonKeys
    }

    /// The value at a key of a mapping.
    public subscript(_ key: String) -> JSON? { mapping?[key] }

    /// The item of a sequence, `nil` if it has fewer.
    public subscript(_ index: Int) -> JSON? { sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil } }

    public var string: String? { if case .string(let text) = self { text } else { nil } }

    public var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }

    public var sequence: [JSON]? { if case .sequence(let items) = self { items } else { nil } }

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
    public var json: JSON {
        get throws { try JSON(self) }
    }

    /// The keys of all mappings of a valid JSON text, in the order of the text, as they are written.
    public var jsonKeys: [String] {
        get throws {
            var keys: [String] = []
            // The keys of each mapping around the current place; those of a sequence stay empty.
            var scopes: [Set<String>] = []
            var rest = Array(utf8)[...]
            while let byte = rest.popFirst() {
                switch byte {
                case UInt8(ascii: "{"), UInt8(ascii: "["): scopes.append([])
                case UInt8(ascii: "}"), UInt8(ascii: "]"): scopes.removeLast()
                case UInt8(ascii: "\""):
                    let content = rest.prefix(lengthOfJSONString(rest))
                    rest = rest.dropFirst(content.count + 1)
                    let isKey = rest.first { !" \n\r\t".utf8.contains($0) } == UInt8(ascii: ":")
                    guard isKey, var scope = scopes.popLast() else { continue }
                    let key = String(decoding: content, as: UTF8.self)
                    guard scope.insert(key).inserted else { throw SupportError("key '\(key)' is there twice: \(self)") }
                    scopes.append(scope)
                    keys.append(key)
                default: break
                }
            }
            return keys
        }
    }

    /// The documents of a YAML text as one JSON list, in which every mapping has its keys in the order of the text.
    public func yamlAsJSON() async throws -> String {
        let script = """
            import json, sys, yaml
            class Loader(yaml.SafeLoader):
                def construct_mapping(self, node, deep=False):
                    keys = [key.value for key, _ in node.value]
                    assert len(keys) == len(set(keys)), 'a key is there twice: %s' % keys
                    return super().construct_mapping(node, deep)
            json.dump(list(yaml.load_all(sys.stdin, Loader)), sys.stdout, default=str)
            """
        let result = try await Tool.run("python3", ["-c", script], input: self)
        guard result.status == 0 else { throw ToolFailure(command: "python3", result: result) }
        return result.output
    }

    public func yamlDocuments() async throws -> [JSON] { try await yamlAsJSON().json.sequence ?? [] }
}

/// The number of bytes of a string in a valid JSON text, up to its closing quotation mark.
private func lengthOfJSONString(_ bytes: ArraySlice<UInt8>) -> Int {
    var isEscaped = false
    return bytes.prefix { byte in
        if isEscaped {
            isEscaped = false
            return true
        }
        isEscaped = byte == UInt8(ascii: "\\")
        return byte != UInt8(ascii: "\"")
    }.count
}

public func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

/// Returns the SHA-256 digest of a text in hexadecimal digits.
public func sha256Digest(_ text: String) async throws -> String {
    let result = try await Tool.run("sha256sum", input: text)
    guard result.status == 0 else { throw ToolFailure(command: "sha256sum", result: result) }
    return String(result.output.prefix { $0 != " " })
}

/// The time of the machine's clock, in seconds since 1970.
public func secondsSince1970() -> Int { Int(Date().timeIntervalSince1970) }

/// The text of an instant in UTC, such as `2026-02-03T04:05:06Z`.
public func utcText(secondsSince1970 seconds: Int) -> String {
    Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
}
