import Base
import YAML

/// A reader of one kind of value in the task file.
struct ValueReader<Value>: Sendable {
    /// The type of the value in the reference.
    let type: ValueType

    /// Whether an unknown `${name}` is probably meant literally.
    var allowsLiteral = false

    /// Whether a variable keeps its type even in quotes, because `${name}` must be quoted in a mapping in braces.
    var ignoresQuotes = false

    /// Whether variables in the value stay as they are written.
    var keepsVariables = false

    /// Whether the reader refuses a list or mapping without items.
    var refusesEmpty = false

    /// Returns the value, or `nil` after reporting the problem.
    let read: @Sendable (ConfigValue) -> Value?

    /// Returns a reader that transforms the values of this one, or reports what is wrong with them.
    func then<Other>(_ transform: @escaping @Sendable (Value, ConfigValue) -> Other?) -> ValueReader<Other> {
        var reader = ValueReader<Other>(type: type, allowsLiteral: allowsLiteral, ignoresQuotes: ignoresQuotes) {
            value in
            read(value).flatMap { transform($0, value) }
        }
        (reader.keepsVariables, reader.refusesEmpty) = (keepsVariables, refusesEmpty)
        return reader
    }

    func map<Other>(_ transform: @escaping @Sendable (Value) -> Other) -> ValueReader<Other> {
        then { value, _ in transform(value) }
    }

    /// The reader of a list or mapping that the schema describes as not empty; an empty one is refused where it is read.
    var ofAtLeastOne: Self {
        var reader = self
        reader.refusesEmpty = true
        return reader
    }

    /// Returns a reader of a list.
    ///
    /// - Parameters:
    ///   - item: The reader of an item. An item that cannot be read is reported and left out.
    ///   - plural: The name of the items in messages.
    ///   - limit: The maximum number of items.
    /// - Returns: The reader of the list.
    static func list<Item>(
        of item: ValueReader<Item>,
        _ plural: String,
        limit: Int = Limit.afterCount,
    ) -> Self where Value == [Item] {
        Self(type: .array(item.type), allowsLiteral: item.allowsLiteral) { value in
            value.items(of: plural, limit: limit, hintsLiteral: item.allowsLiteral)?.compactMap(item.read)
        }
    }
}

extension ValueReader where Value: Sendable {
    /// Returns a reader of a mapping with known keys.
    ///
    /// - Parameters:
    ///   - keys: The keys.
    ///   - expected: The expected value, for messages.
    ///   - initial: The value with the defaults of its properties.
    /// - Returns: The reader of the mapping.
    static func mapping(_ keys: [Key<Value>], _ expected: String = "a mapping", into initial: Value) -> Self {
        Self(type: .mapping(keys.map(\.description))) { value in
            guard let fields = value.mapping(expected) else { return nil }
            var read = initial
            return fields.read(keys, into: &read) ? read : nil
        }
    }
}

extension ValueReader where Value: RawRepresentable<String> & CaseIterable & SendableMetatype {
    /// One of the words of an enumeration.
    static var word: Self {
        let words = Value.allCases.map(\.rawValue)
        return Self(type: .enumeration(words)) { $0.word(of: words).flatMap(Value.init) }
    }
}

extension ValueReader where Value == Bool {
    /// `true` or `false`.
    static var boolean: Self { Self(type: .boolean, ignoresQuotes: true) { $0.boolean() } }
}

extension ValueReader where Value == Int {
    /// A whole number, 0 or more.
    static var count: Self { Self(type: .integer, ignoresQuotes: true) { $0.count() } }
}

extension ValueReader where Value == UInt16 {
    /// Permissions.
    static var mode: Self { Self(type: .mode) { $0.mode() } }
}

extension ValueReader where Value == Duration {
    /// A duration above zero.
    static func duration(limit: Duration) -> Self { Self(type: .duration) { $0.duration(to: limit) } }
}

extension ValueReader where Value == AddressRange {
    /// An address, or a range of addresses with a common prefix.
    static var addressRange: Self { Self(type: .addressRange) { $0.addressRange() } }
}

extension ValueReader where Value == LocatedPath {
    /// A file or link that a task writes.
    static var writtenPath: Self { Self(type: .absolutePath) { $0.writtenPath() } }

    /// A file or directory that a program may write.
    static var writablePath: Self { Self(type: .absolutePath) { $0.writablePath() } }

    /// A file or directory that a task reads.
    static var readPath: Self { Self(type: .path) { $0.readPath() } }

    /// The URL of an API server.
    static var serverURL: Self { Self(type: .serverURL) { $0.serverURL() } }
}

extension ValueReader where Value == String {
    /// A text on one line.
    static var string: Self { string("a string") }

    /// A text on one line, with a description of the expected value for messages.
    static func string(_ expected: String) -> Self { Self(type: .string) { $0.string(expected: expected) } }

    /// Text without NUL, such as an argument of a process.
    static func text(allowsLiteral: Bool = false) -> Self {
        Self(type: .text, allowsLiteral: allowsLiteral) { $0.string(.text) }
    }

    /// Any text, which may be empty.
    static var content: Self {
        Self(type: .text, allowsLiteral: true) { $0.string(.content, mayBeEmpty: true) }
    }

    /// An argument of a program: a text or a number.
    static var argument: Self {
        Self(type: .either([.text, .number]), allowsLiteral: true) { $0.text(.text, mayBeEmpty: true) }
    }

    /// One of several words.
    static func word(_ words: [String]) -> Self { Self(type: .enumeration(words)) { $0.word(of: words) } }

    /// A namespace of the cluster.
    static var namespace: Self { Self(type: .name("namespace")) { $0.label("a namespace") } }

    static var apiVersion: Self {
        Self(type: .string) { $0.objectText("an API version such as apps/v1", ObjectIdentifiers.isAPIVersion) }
    }

    static var kind: Self {
        Self(type: .string) { $0.objectText("a kind such as DaemonSet", ObjectIdentifiers.isKind) }
    }

    static var objectName: Self {
        Self(type: .string) { $0.objectText("a name without '/' and '%'", ObjectIdentifiers.isName) }
    }

    static var unit: Self { Self(type: .name("systemd unit")) { $0.unitName() } }

    /// The name of a systemd unit, which gets the suffix of a service if it has none.
    static var service: Self { Self(type: .name("systemd unit")) { $0.serviceName() } }

    /// The name of a network interface, or a pattern that matches several.
    static var interface: Self { Self(type: .name("network interface")) { $0.interface() } }

    /// A user or group.
    static func account(_ kind: String) -> Self { Self(type: .account(kind)) { $0.account() } }

    /// An http or https URL.
    static var url: Self { Self(type: .url) { $0.url() } }

    /// A SHA-256 digest.
    static var digest: Self { Self(type: .digest) { $0.digest() } }
}

extension ValueReader where Value == [String: String] {
    /// Returns a reader of a mapping whose keys the author chooses.
    ///
    /// - Parameters:
    ///   - type: The type of a value.
    ///   - isKey: Returns whether a key is allowed.
    ///   - read: Returns the value, or `nil` after reporting the problem.
    /// - Returns: The reader of the mapping.
    static func dictionary(
        _ type: ValueType,
        isKey: @escaping @Sendable (String) -> Bool,
        _ read: @escaping @Sendable (ConfigValue) -> String?,
    ) -> Self {
        Self(type: .dictionary(type)) { value in
            guard let entries = value.mapping("a mapping of names to strings")?.entries else { return nil }
            var texts: [String: String] = [:]
            for entry in entries {
                let node = value.variables.replaced(entry.value, value.problems, hintsLiteral: true)
                guard let node else { continue }
                if !isKey(entry.key) {
                    let message = "\(quoted(entry.key)) cannot be a name in \(value.subject.name)"
                    value.problems.add(entry.location, message)
                }
                texts[entry.key] = read(value.below(entry.key, node))
            }
            return texts
        }
    }
}

extension ValueReader where Value == ObjectReference {
    /// A reference to an object on the API server.
    static var object: Self {
        mapping(Value.keys, "a mapping with apiVersion, kind and name", into: ObjectReference()).then { object, value in
            var object = object
            object.location = value.node.location
            return object
        }
    }
}

extension ObjectReference {
    fileprivate static let keys: [Key<Self>] = [
        Key("apiVersion", \.apiVersion, .apiVersion, required: "apps/v1").meaning("its API group and version"),
        Key("kind", \.kind, .kind, required: "DaemonSet").meaning("its kind"),
        Key("name", \.name, .objectName, required: "calico-node").meaning("its name"),
        Key("namespace", \.namespace, .namespace, default: "that of the kubeconfig's context")
            .meaning("its namespace; ignored for kinds without namespaces"),
    ]
}
