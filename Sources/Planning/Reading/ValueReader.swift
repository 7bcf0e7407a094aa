import Base

/// A reader of one kind of value in the task file.
struct ValueReader<Value>: Sendable {
    let type: ValueType

    /// Whether an unknown `${name}` is probably meant literally.
    var allowsLiteral = false

    /// Whether `"${name}"` has the type of the variable; YAML requires the quotes in a flow mapping.
    var ignoresQuotes = false

    /// Whether the value is read before its variables are replaced.
    var keepsVariables = false

    /// Reads the value, or returns `nil` after reporting the problem.
    let read: @Sendable (ConfigValue) -> Value?

    /// Returns a reader that passes values to another function, which may report a problem and return `nil`.
    func then<Other>(_ transform: @escaping @Sendable (Value, ConfigValue) -> Other?) -> ValueReader<Other> {
        var reader = ValueReader<Other>(type: type, allowsLiteral: allowsLiteral, ignoresQuotes: ignoresQuotes) {
            value in
            read(value).flatMap { transform($0, value) }
        }
        reader.keepsVariables = keepsVariables
        return reader
    }

    func map<Other>(_ transform: @escaping @Sendable (Value) -> Other) -> ValueReader<Other> {
        then { value, _ in transform(value) }
    }

    /// Returns a reader of a list; items with errors are left out.
    static func list<Item>(of item: ValueReader<Item>, _ plural: String) -> Self where Value == [Item] {
        Self(type: .array(item.type), allowsLiteral: item.allowsLiteral) { value in
            value.items(of: plural, hintsLiteral: item.allowsLiteral)?.compactMap(item.read)
        }
    }
}

extension ValueReader where Value: Sendable {
    /// Returns a reader that sets properties of the initial value from a mapping with known keys.
    static func mapping(_ keys: [Key<Value>], _ expected: String = "a mapping", into initial: Value) -> Self {
        Self(type: .mapping(keys.map(\.description))) { value in
            guard let fields = value.mapping(expected) else { return nil }
            var read = initial
            return fields.read(keys, into: &read) ? read : nil
        }
    }
}

extension ValueReader where Value == [String: String] {
    /// Returns a reader of a mapping whose keys the author chooses; values with errors are left out.
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
                texts[entry.key] = read(value.value(of: entry, replaced: node))
            }
            return texts
        }
    }
}

extension ValueReader where Value == ConfigValue {
    /// Returns a reader that accepts any value, to be read later.
    static func value(of type: ValueType) -> Self { Self(type: type) { $0 } }
}

extension ValueReader where Value: RawRepresentable<String> & CaseIterable & SendableMetatype {
    static var word: Self {
        let words = Value.allCases.map(\.rawValue)
        return Self(type: .enumeration(words)) { $0.word(of: words).flatMap(Value.init) }
    }
}

extension ValueReader where Value == Bool {
    static var boolean: Self {
        Self(type: .boolean, ignoresQuotes: true) { $0.node.boolean ?? $0.mismatch("true or false") }
    }
}

extension ValueReader where Value == Int {
    /// A whole number, 0 or more.
    static var count: Self {
        Self(type: .integer, ignoresQuotes: true) { value in
            guard let count = value.node.integer, count >= 0 else { return value.mismatch("a whole number, 0 or more") }
            return count
        }
    }
}

extension ValueReader where Value == UInt16 {
    /// Permissions in octal digits, whether YAML reads a number or a string: `0644`, `"0644"`, `0o644`.
    static func mode(hint example: String = "0644, or 0600 for a secret") -> Self {
        Self(type: .mode) { value in
            let digits = value.node.numberOrString.map { $0.hasPrefix("0o") ? $0.dropFirst(2) : $0[...] }
            guard let digits, (3...5).contains(digits.count), digits.utf8.allSatisfy(\.isDigit),
                let mode = UInt16(digits, radix: 8), mode <= 0o7777
            else {
                return value.mismatch("permissions in octal, up to 07777", hint: value.write(example, asIs: true))
            }
            return mode
        }
    }
}

extension ValueReader where Value == Duration {
    /// A duration above zero, at least `least` and at most `limit`.
    static func duration(from least: Duration = .zero, limit: Duration) -> Self {
        Self(type: .duration) { value in
            guard let duration = value.node.string.flatMap(parseDuration) else {
                return value.mismatch("a duration such as 500ms, 30s, 10m or 1h30m")
            }
            guard duration > .zero, duration <= limit else {
                return value.mismatch("a duration above zero and up to \(limit.text)")
            }
            return duration >= least ? duration : value.mismatch("a duration of at least \(least.text)")
        }
    }

    static var validity: Self { duration(limit: Limit.certificateValidity) }
}

extension ValueReader where Value == String {
    static var string: Self { string("a string") }

    /// A text on one line that satisfies a condition; for any other text, `meant` returns a correction for the hint.
    static func string(
        _ expected: String,
        _ type: ValueType = .string,
        where isValid: @escaping @Sendable (String) -> Bool = { _ in true },
        meant: @escaping @Sendable (String) -> String? = { _ in nil },
    ) -> Self {
        Self(type: type) { value in
            guard let text = value.string(expected: expected) else { return nil }
            return isValid(text) ? text : value.mismatch(expected, hint: meant(text).map { value.write($0) })
        }
    }

    /// A text without NUL that is not empty, such as shell commands.
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

    static func word(_ words: [String]) -> Self { Self(type: .enumeration(words)) { $0.word(of: words) } }

    /// A name that is a DNS label.
    private static func label(_ kind: String, _ what: String) -> Self {
        let expected = "\(what) of lower-case letters, digits and dashes"
        return string(expected, .name(kind), where: { isTaskName($0) }, meant: { suggestedTaskName($0) })
    }

    static var namespace: Self { label("namespace", "a namespace") }
    static var role: Self { label("role", "a role") }

    static var setName: Self { label("set", "the name of a set") }

    static var certificateName: Self { label("certificate", "a name") }

    // An invalid API version, kind or name could change the path of an API request.
    static var apiVersion: Self { string("an API version such as apps/v1", where: ObjectIdentifiers.isAPIVersion) }
    static var kind: Self { string("a kind such as DaemonSet", where: ObjectIdentifiers.isKind) }
    static var objectName: Self { string("a name without '/' and '%'", where: ObjectIdentifiers.isName) }

    static var unit: Self {
        Self(type: .name("systemd unit")) { value in
            let expected = "the name of a systemd unit"
            guard let name = value.string(expected: expected) else { return nil }
            if isUnitName(name) { return name }
            return value.mismatch(expected, hint: wholeUnitName(of: name).map { value.write($0) })
        }
    }

    /// The name of a systemd unit; `.service` is added unless the name has a suffix or a misspelt suffix.
    static var service: Self {
        Self(type: unit.type) { value in
            guard let name = value.node.string, !hasUnitSuffix(name), isUnitName("\(name).service"),
                name.split(separator: ".").dropFirst().last.flatMap({
                    value.problems.nearName(to: String($0), in: unitSuffixes)
                }) == nil
            else { return unit.read(value) }
            return "\(name).service"
        }
    }

    /// The name of a network interface, or a pattern with `*`.
    static var interface: Self {
        let expected = "the name of a network interface, 15 characters at most, none of them a space or '/'"
        return string(expected, .name("network interface")) { text in
            // The rules are those of the kernel's dev_valid_name(), but only for ASCII. `*` may match nothing.
            let isName = text.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"/:".utf8.contains($0) }
            return isName && text != "." && text != ".." && text.utf8.count(where: { $0 != UInt8(ascii: "*") }) <= 15
        }
    }

    /// A user or a group, by name or by number.
    static func account(_ kind: String) -> Self {
        Self(type: .account(kind)) { value in
            // A number in quotes means the same user or group as the number without quotes.
            guard let text = value.node.integer.map({ String($0) }) ?? value.node.string, !text.isEmpty,
                text.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "_-.$@".utf8.contains($0) }), !text.hasPrefix("-"),
                !text.utf8.allSatisfy(\.isDigit) || Int(text).map({ $0 <= ValueType.largestAccount }) == true
            else { return value.mismatch("a name, or a number up to \(ValueType.largestAccount)") }
            return text
        }
    }

    static var digest: Self {
        Self(type: .digest) { value in
            // YAML reads a digest of 64 decimal digits as a number.
            guard let text = value.node.numberOrString, text.utf8.count == 64,
                text.utf8.allSatisfy({ $0.isDigit || (0x61...0x66).contains($0 | 0x20) })
            else {
                return value.mismatch(
                    "a SHA-256 digest, 64 characters of 0-9 and a-f",
                    hint: value.write("DIGEST as sha256sum prints it", asIs: true)
                )
            }
            return text.lowercased()
        }
    }

    static var url: Self {
        Self(type: .url) { value in
            value.string(expected: "a URL").flatMap { value.webAddress($0, "a URL") == nil ? nil : $0 }
        }
    }
}

extension Node {
    /// The string, or the number as written, or `nil` for any other value.
    fileprivate var numberOrString: String? {
        if case .number(let number) = content { number.text } else { string }
    }
}

extension ValueReader where Value == LocatedPath {
    /// An absolute path without `..` or a trailing slash, outside of `/proc` and `/sys`.
    static var writtenPath: Self {
        writablePath.then { reference, value in
            guard !reference.path.endsWithSlash else {
                let clean = normalised(reference.path)
                return value.mismatch(
                    "the path of a file, not of a directory",
                    hint: clean == "/" ? nil : value.write(clean)
                )
            }
            guard !isOfKernel(normalised(reference.path)) else {
                return value.mismatch(
                    "a path where files can be made",
                    hint: "write kernel settings with an exec task"
                )
            }
            return reference
        }
    }

    /// An absolute path without `..`.
    static var writablePath: Self {
        Self(type: .absolutePath) { value in
            guard let path = value.checkedPath() else { return nil }
            guard path.isAbsolutePath else {
                let isName = path.utf8.first.map { $0.isLetter } ?? false
                return value.mismatch("an absolute path", hint: isName ? value.write("/" + normalised(path)) : nil)
            }
            guard !path.pathParts.contains("..") else {
                return value.mismatch("a path without '..'", hint: value.write(normalised(path)))
            }
            return LocatedPath(path, location: value.node.location)
        }
    }

    /// A path that is read; a relative path is resolved against the directory of the file that contains it.
    static var readPath: Self {
        Self(type: .path) { value in
            value.checkedPath().map { LocatedPath(value.resolve($0), location: value.node.location) }
        }
    }

    /// The URL of an API server, without a trailing slash.
    static var serverURL: Self {
        Self(type: .serverURL) { value in
            let expected = "the URL of an API server"
            guard let text = value.string(expected: expected), let address = value.webAddress(text, expected) else {
                return nil
            }
            guard address.isSecure || address.isLoopback else {
                return value.mismatch("an https URL", hint: value.write("https" + text.drop { $0 != ":" }))
            }
            let server = String(text.dropLast(address.rest.count))
            guard address.rest.isEmpty || address.rest == "/" else {
                return value.mismatch("a URL without a path", hint: value.write(server))
            }
            return LocatedPath(server, location: value.node.location)
        }
    }
}

extension ConfigValue {
    /// Resolves a relative path against the directory of the file that contains the value.
    func resolve(_ path: String) -> String {
        guard !path.isAbsolutePath else { return path }
        let file = node.location.file
        guard let slash = file.lastSlash else { return normalised(path) }
        return normalised(file[..<file.utf8.index(after: slash)] + path)
    }

    fileprivate func checkedPath() -> String? {
        guard let path = string(expected: "a path") else { return nil }
        return path.utf8.count <= Limit.pathLength ? path : mismatch("a path of at most \(Limit.pathLength) bytes")
    }

    fileprivate func webAddress(_ text: String, _ expected: String) -> WebAddress? {
        do {
            return try WebAddress(text)
        } catch {
            let found = error.hasSecret ? "this one" : quoted(text)
            report("must be \(expected), and \(found) \(error.message)")
            return nil
        }
    }
}

extension ValueReader where Value == Endpoint {
    static var endpoint: Self {
        Self(type: .endpoint) { value in
            let expected = "HOST:PORT"
            if let port = value.node.integer, (1...65535).contains(port) {
                return value.mismatch(expected, hint: value.write("127.0.0.1:\(port)"))
            }
            guard let text = value.string(expected: expected) else { return nil }
            do throws(WebAddress.Fault) {
                return try Endpoint(text)
            } catch {
                let hint = (try? WebAddress(text)).map { value.write("\($0.endpoint)") }
                value.report("must be \(expected), and \(quoted(text)) \(error.message)", hint: hint)
                return nil
            }
        }
    }
}

extension ValueReader where Value == AddressRange {
    /// A range of addresses in CIDR notation, or a single IP address.
    static var addressRange: Self {
        Self(type: .addressRange) { value in
            let expected = "an IP address, or a range of them such as 100.64.0.0/10"
            guard let text = value.string(expected: expected) else { return nil }
            guard let range = AddressRange(text) else { return value.mismatch(expected) }
            let address = String(text.prefix { $0 != "/" })
            guard IPAddress(address) == range.first else {
                // The author may have meant either the range or the single address.
                let hint =
                    "\(value.write("\(range)")), or \(value.write(address).dropFirst("write ".count)) for this address only"
                value.report("is not the first address of its range", hint: hint)
                return nil
            }
            return range
        }
    }
}

extension ValueReader where Value == IPAddress {
    static var address: Self { address() }

    /// An IP address that other nodes can reach; messages append `other` to the expected value.
    static func address(_ other: String = "") -> Self {
        Self(type: .address) { value in
            let expected = "an IP address such as 192.168.0.10\(other)"
            let text = value.node.string
            guard let text, let address = IPAddress(text) else {
                let isRange = text.flatMap { AddressRange($0) } != nil
                let single = text.map { String($0.prefix { $0 != "/" }) } ?? ""
                return value.mismatch(expected, hint: isRange ? value.write(single) : nil)
            }
            guard !address.isLoopback, !address.isLinkLocal, !address.isForSeveral,
                !address.bytes.allSatisfy({ $0 == 0 })
            else { return value.mismatch("an IP address that other nodes can reach") }
            return address
        }
    }
}

extension ValueReader where Value == ObjectReference {
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
