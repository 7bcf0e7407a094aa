public import Base
import YAML

/// Verb `sysctl`: settings of the kernel, now and at every boot.
public struct SysctlDeclaration: VerbDeclaration {
    /// The settings, in the order in which they are set.
    public var settings: [KernelSetting]

    /// The file from which systemd sets them at a boot.
    public var path: LocatedPath

    /// The content of the file.
    public var content: String { settings.map { "\($0.name) = \($0.value)\n" }.joined() }
}

/// A setting of the kernel, and the value that it should have.
public struct KernelSetting: Sendable, Hashable {
    /// The name with dots; a dot within a part is a slash, as in `net.ipv4.conf.eth0/100.forwarding`.
    public var name: String

    /// The names of the directories below `/proc/sys` and of the file.
    public var parts: [String]

    /// The value, with single spaces between its words.
    public var value: String

    /// The location of the name in the task file.
    public var location: SourceLocation

    /// Creates a setting from its parts.
    init(_ parts: [String], value: String, location: SourceLocation) {
        (self.parts, self.value, self.location) = (parts, value, location)
        name = Self.name(of: parts)
    }

    /// Returns the name that sysctl(8) gives to a file below `/proc/sys`.
    public static func name(of parts: [String]) -> String {
        parts.map { $0.replacing(".", with: "/") }.joined(separator: ".")
    }

    /// Returns the parts of a name as sysctl(8) reads it: the first separator, a dot or a slash, decides.
    ///
    /// - Returns: The names of the directories and of the file, or `nil` if it cannot be the name of a setting.
    public static func parts(of name: String) -> [String]? {
        let dot = UInt8(ascii: ".")
        let slash = UInt8(ascii: "/")
        guard let separator = name.utf8.first(where: { $0 == dot || $0 == slash }) else { return nil }
        let parts = name.utf8.split(separator: separator, omittingEmptySubsequences: false).map { part in
            let text = String(part) ?? ""
            return separator == dot ? text.replacing("/", with: ".") : text
        }
        guard parts.allSatisfy({ !["", ".", ".."].contains($0) }), name.utf8.count <= Limit.pathLength,
            name.utf8.allSatisfy({ $0.isLetter || $0.isDigit || $0 >= 0x80 || "_-./:@+,".utf8.contains($0) }),
            name.utf8.first != UInt8(ascii: "-")
        else { return nil }
        return parts
    }

    /// Returns a value as the kernel is given it, and as two values are compared.
    public static func normalised(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" || $0 == "\n" }.joined(separator: " ")
    }

    /// Returns whether two values are the same to the kernel, which reads numbers such as `0x10` too.
    public static func isSame(_ left: String, _ right: String) -> Bool {
        let words = [left, right].map { $0.split { $0 == " " || $0 == "\t" || $0 == "\n" } }
        guard words[0].count == words[1].count else { return false }
        return zip(words[0], words[1]).allSatisfy { left, right in
            left == right || number(left).map { $0 == number(right) } == true
        }
    }

    private static func number(_ word: Substring) -> Int? {
        if word.hasPrefix("0x") { return Int(word.dropFirst(2), radix: 16) }
        if word.count > 1, word.hasPrefix("0") { return Int(word, radix: 8) }
        return Int(word)
    }

    /// Whether the setting is one of the network namespace in which it is changed.
    public var isOfNetwork: Bool { parts.first == "net" }

    /// The module that provides the setting, `nil` if that is not known.
    public var module: String? {
        guard parts.count > 2, parts[0] == "net" else { return nil }
        if parts[1] == "bridge" { return "br_netfilter" }
        return parts[1] == "netfilter" && parts[2].hasPrefix("nf_conntrack_") ? "nf_conntrack" : nil
    }

    /// The path of the setting on the node.
    var path: String { (["/proc/sys"] + parts).joined(separator: "/") }
}

extension SysctlDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "sysctl" }

    public static var summary: String { "sets values of the kernel below `/proc/sys`, also at the next boot" }

    /// The verb's keys.
    public static var keys: [KeyDescription] { [Keys.values.description, Keys.path.description] }

    /// The directories from which systemd reads files; a file hides those of the same name in later directories.
    public static let directories = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"]

    private enum Keys {
        static let values = Key.required(
            "values",
            ValueReader<[KernelSetting]>(type: .dictionary(.either([.string, .number]))) { $0.kernelSettings() }
                .ofAtLeastOne,
            example: "{net.ipv4.ip_forward: 1}",
            "the values by their names, as in a file of `sysctl.d`"
        )
        static let path = Key.optional(
            "path",
            ValueReader(type: .absolutePath) { $0.sysctlFile() },
            default: "`/etc/sysctl.d/k8s-bootstrap-TASK.conf`",
            "the file from which systemd sets the values at a boot"
        )
    }

    static func mapping(instead node: Node) -> String? {
        let lines = (node.sequence ?? [node]).map { $0.string?.split(separator: "=", maxSplits: 1) ?? [] }
        let pairs = lines.compactMap { line -> String? in
            let words = line.map { KernelSetting.normalised(String($0)) }
            guard words.count == 2, KernelSetting.parts(of: words[0]) != nil else { return nil }
            return "\(words[0]): \(typed(words[1]))"
        }
        return pairs.isEmpty || pairs.count != lines.count ? nil : "{values: {\(pairs.joined(separator: ", "))}}"
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let path = fields.value(Keys.path)
        let isWithoutValues = !fields.has("values")
        let misplaced = fields.entries.filter { KernelSetting.parts(of: $0.key) != nil }
        if isWithoutValues, let first = misplaced.first {
            for entry in misplaced { _ = fields.take(entry.key) }
            _ = fields.take("values")
            let all = misplaced.map { "\($0.key): \($0.value.scalarText ?? "VALUE")" }.joined(separator: ", ")
            fields.problems.add(
                .unknownKey,
                first.location,
                "\(quoted(first.key)) must be below 'values' of \(fields.subject.name)",
                hint: "write values: {\(all)}"
            )
            return nil
        }
        guard let settings = fields.value(Keys.values), !settings.isEmpty else { return nil }
        let usual = "/etc/sysctl.d/k8s-bootstrap-\(context.taskName).conf"
        return ReadVerb(Self(settings: settings, path: path ?? LocatedPath(usual, location: fields.location)))
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        let location = path.location
        // A unit sees these paths even if it sees only what its task names.
        let seen = Self.directories + ["/run/systemd/container", "/run/.containerenv"]
        var footprint = Footprint(
            reads: seen.map { .init(path: LocatedPath($0, location: location), use: .optional) },
            writes: [.init(path: path, effect: .replaces, product: .file(mode: 0o644))],
        )
        footprint.kernelSettings = settings
        footprint.capabilities = settings.compactMap(\.capability).unique()
        return footprint
    }
}

extension KernelSetting {
    /// The capability that the kernel demands of a process that changes the setting, in addition to user root.
    fileprivate var capability: String? {
        if isOfNetwork { return "CAP_NET_ADMIN" }
        return Self.capabilities[name]
    }

    private static let capabilities = [
        "kernel.dmesg_restrict": "CAP_SYS_ADMIN", "kernel.kptr_restrict": "CAP_SYS_ADMIN",
        "kernel.unprivileged_bpf_disabled": "CAP_SYS_ADMIN", "kernel.bpf_stats_enabled": "CAP_SYS_ADMIN",
        "kernel.yama.ptrace_scope": "CAP_SYS_PTRACE", "vm.mmap_min_addr": "CAP_SYS_RAWIO",
    ]

    /// The setting of a unit because of which the value would be changed in a namespace of the unit alone.
    var isolation: (key: String, value: String)? {
        if isOfNetwork { return ("PrivateNetwork", "no") }
        let isOfHost = ["kernel.hostname", "kernel.domainname"].contains(name)
        if isOfHost { return ("ProtectHostname", "no") }
        let ofIPC = ["kernel.msg", "kernel.sem", "kernel.shm", "fs.mqueue."]
        return ofIPC.contains(where: name.hasPrefix) ? ("PrivateIPC", "no") : nil
    }
}

extension ConfigValue {
    /// Reads the settings of the kernel and their values.
    fileprivate func kernelSettings() -> [KernelSetting]? {
        guard let entries = mapping("a mapping of names of settings to values", hint: valuesHint)?.entries else {
            return nil
        }
        guard !entries.isEmpty else {
            reportTypeMismatch("a mapping with at least one setting", hint: "write values: {NAME: VALUE}")
            return nil
        }
        guard entries.count <= Limit.needCount else {
            let message = "\(label) has \(entries.count) settings, more than \(Limit.needCount)"
            problems.add(.limitExceeded, node.location, message)
            return nil
        }
        var settings: [KernelSetting] = []
        for entry in entries {
            guard let node = variables.replaced(entry.value, problems, hintsLiteral: true) else { continue }
            guard let parts = KernelSetting.parts(of: entry.key) else {
                report(name: entry)
                continue
            }
            guard let value = below(entry.key, node).kernelValue() else { continue }
            let setting = KernelSetting(parts, value: value, location: entry.location)
            guard !settings.contains(where: { $0.parts == parts }) else {
                let message = "\(label) sets '\(setting.name)' twice"
                problems.add(.contradictingKeys, entry.location, message, hint: "remove one of the two")
                continue
            }
            settings.append(setting)
        }
        return settings
    }

    /// Returns the hint for values in another form, such as lines of a file.
    private var valuesHint: String? {
        SysctlDeclaration.mapping(instead: node).map { "write \($0.dropFirst().dropLast())" }
    }

    private func report(name entry: Mapping.Entry) {
        var hint: String?
        if isPath(entry.key, below: "/proc/sys") {
            let parts = KernelSetting.parts(of: entry.key.pathPart(after: "/proc/sys/"))
            hint = parts.map { "write \(KernelSetting.name(of: $0))" }
        } else if entry.key.utf8.contains(UInt8(ascii: "*")) {
            hint = "write a setting for each interface; 'default' is for those that are made later"
        } else if entry.key.utf8.first == UInt8(ascii: "-") {
            hint = "write \(entry.key.drop { $0 == "-" }), or remove it: every setting must be there"
        }
        problems.add(
            .invalidName,
            entry.location,
            "\(quoted(entry.key)) in \(subject.name) cannot be the name of a setting such as net.ipv4.ip_forward",
            hint: hint
        )
    }

    /// Reads the value of a setting.
    private func kernelValue() -> String? {
        if let boolean = node.boolean {
            reportTypeMismatch("a number or a string", hint: write(boolean ? "1" : "0", asIs: true))
            return nil
        }
        if let items = node.sequence {
            let words = items.compactMap(\.scalarText)
            let isComplete = !words.isEmpty && words.count == items.count
            reportTypeMismatch("a number or a string", hint: isComplete ? write(words.joined(separator: " ")) : nil)
            return nil
        }
        if case .number(let number) = node.content { return number.text }
        // The kernel separates the words of a value by tabs.
        let text = node.string.map { $0.replacing("\t", with: " ") }
        let plain = text.map { ConfigValue(replacing: self, with: $0) } ?? self
        return plain.string(expected: "a number or a string").map(KernelSetting.normalised)
    }

    private init(replacing value: ConfigValue, with text: String) {
        self.init(
            node: Node(.string(text), location: value.node.location),
            key: value.key,
            label: value.label,
            location: value.location,
            subject: value.subject,
            variables: value.variables,
            problems: value.problems,
        )
    }

    /// Reads the path of a file that systemd reads at a boot.
    fileprivate func sysctlFile() -> LocatedPath? {
        guard let path = writtenPath() else { return nil }
        let normal = normalised(path.path)
        let name = normal.pathParts.last ?? ""
        guard SysctlDeclaration.directories.contains(where: { "\($0)/\(name)" == normal }), name.hasSuffix(".conf"),
            name.utf8.count > 5
        else {
            let stem = name.hasSuffix(".conf") ? name.dropLast(5) : name
            let hint = write("/etc/sysctl.d/\(stem.isEmpty ? "NAME" : stem).conf")
            reportTypeMismatch("a file of /etc/sysctl.d whose name ends with .conf", hint: hint)
            return nil
        }
        return LocatedPath(normal, location: path.location)
    }
}

extension Node {
    /// The text of a string, a number or a boolean.
    fileprivate var scalarText: String? {
        switch content {
        case .string(let text): text
        case .number(let number): number.text
        case .boolean(let value): value ? "1" : "0"
        case .null, .sequence, .mapping: nil
        }
    }
}
