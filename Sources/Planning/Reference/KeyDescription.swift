/// The entry of a key in the reference of the task file.
public struct KeyDescription: Sendable, Hashable {
    /// Whether a key may be left out.
    public enum Presence: Sendable, Hashable {
        /// The key is required.
        case required
        /// The key is optional. The text is its default or the behaviour without the key, or `nil` if there is neither.
        case optional(default: String?)
        /// Exactly one of the given keys, which include this key, is required.
        case oneOf([String])
    }

    public var name: String
    public var type: ValueType

    /// Whether the key may be left out.
    public var presence: Presence

    /// A value as an author would write it.
    public var example: String?

    /// The meaning, in a sentence without a full stop.
    public var meaning = ""

    /// The value that a hint asks for: a path is described, because the one of an example is that of another file.
    var hintedValue: String {
        let isPath = [.path, .absolutePath].contains(type) || example?.utf8.first == UInt8(ascii: "/")
        return isPath ? "PATH (\(meaning.prefix { $0 != ";" && $0 != "," }))" : example ?? "VALUE"
    }

    /// The text of the default column in a table.
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
    /// Any number.
    case number
    /// `true` or `false`.
    case boolean
    /// A duration such as `1h30m`.
    case duration
    /// Permissions in octal digits.
    case mode
    /// A path. A relative path is relative to the directory of the file that contains it.
    case path
    case absolutePath
    /// An http or https URL.
    case url
    /// The URL of an API server: without a path, and with https unless the host is the node itself.
    case serverURL
    /// A host with a port.
    case endpoint
    /// An IP address.
    case address
    /// An IP address, or a range of addresses.
    case addressRange
    /// A SHA-256 digest in lower-case hexadecimal.
    case digest
    /// A name of the given kind, such as `systemd unit`.
    case name(String)
    /// The name of a capability of Linux.
    case capability
    /// A user or group, by name or number. The kind is `user` or `group`.
    case account(String)
    /// One of several words.
    case enumeration([String])
    /// One of several types.
    case either([ValueType])
    /// A list of values of a type.
    case array(ValueType)
    /// A mapping whose keys the author chooses, with values of a type.
    case dictionary(ValueType)
    /// A mapping with known keys.
    case mapping([KeyDescription])

    /// The largest number of a user or group.
    ///
    /// The next number means 'none' to the kernel.
    static let largestAccount = Int(UInt32.max) - 1

    /// The value of a variable.
    static let variable = Self.either([.string, .number, .boolean])

    /// The type as a table shows it.
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
