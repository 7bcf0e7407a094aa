/// The documentation of a key of the task file.
public struct KeyDescription: Sendable, Hashable {
    public enum Presence: Sendable, Hashable {
        case required
        /// The text is the default, or describes the behaviour without the key; `nil` if there is nothing to say.
        case optional(default: String?)
        /// Exactly one of these keys, which include this key, is required.
        case oneOf([String])
    }

    public var name: String
    public var type: ValueType

    public var presence: Presence

    /// A value of a required key, as an author would write it, or `nil`.
    public var example: String?

    /// The meaning, as a phrase in Markdown without a full stop.
    public var meaning = ""

    /// The value for a hint; a path is described, because paths differ from node to node.
    var hintedValue: String {
        let isPath = [.path, .absolutePath].contains(type) || example?.utf8.first == UInt8(ascii: "/")
        return isPath ? "PATH (\(meaning.prefix { $0 != ";" && $0 != "," }))" : example ?? "VALUE"
    }

    /// The presence as Markdown for a table.
    public var presenceText: String {
        switch presence {
        case .required: "required"
        case .optional(let text): text ?? ""
        case .oneOf(let keys): "one of \(list(keys.map { "`\($0)`" }, "or"))"
        }
    }
}

/// The type of a value in the task file.
public indirect enum ValueType: Sendable, Hashable, CustomStringConvertible {
    /// A text on one line.
    case string
    /// A text of any number of lines.
    case text
    /// A whole number, 0 or more.
    case integer
    case number
    case boolean
    /// A duration such as `1h30m`.
    case duration
    /// Permissions in octal digits.
    case mode
    /// A path; a relative path is resolved against the directory of the file that contains it.
    case path
    case absolutePath
    case url
    /// The URL of an API server: without a path, and with https unless the host is a loopback address.
    case serverURL
    /// A host with a port.
    case endpoint
    case address
    /// An IP address, or a range of addresses.
    case addressRange
    /// A SHA-256 digest in hexadecimal.
    case digest
    /// A name of the given kind, such as `systemd unit`.
    case name(String)
    case capability
    /// A user or group, by name or number. The kind is `user` or `group`.
    case account(String)
    case enumeration([String])
    case either([ValueType])
    case array(ValueType)
    /// A mapping whose keys the author chooses, with values of a type.
    case dictionary(ValueType)
    /// A mapping with known keys.
    case mapping([KeyDescription])

    /// The largest number of a user or group; the next one is -1 for chown(2), which means 'unchanged'.
    static let largestAccount = Int(UInt32.max) - 1

    static let variable = Self.either([.string, .number, .boolean])

    /// The type as Markdown for a table.
    public var description: String {
        switch self {
        case .string, .digest: "string"
        case .text: "text"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        case .duration: "duration"
        case .mode: "octal mode"
        case .path: "path"
        case .absolutePath: "absolute path"
        case .url, .serverURL: "URL"
        case .endpoint: "`HOST:PORT`"
        case .address: "IP address"
        case .addressRange: "IP address or `ADDRESS/BITS`"
        case .name(let kind): "name of a \(kind)"
        case .capability: "name of a capability"
        case .account(let kind): "name or number of a \(kind)"
        case .enumeration(let words): list(words.map { "`\($0)`" }, "or")
        case .either(let types): list(types.map(\.description), "or")
        case .array(let type): "list, each item: \(type)"
        case .dictionary(let type): "mapping of names, each value: \(type)"
        case .mapping(let keys): "mapping with \(list(keys.map { "`\($0.name)`" }))"
        }
    }
}
