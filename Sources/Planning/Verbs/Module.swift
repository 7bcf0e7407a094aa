public import Base
import YAML

/// Verb `module`: kernel modules that are loaded, now and at every boot.
public struct ModuleDeclaration: VerbDeclaration {
    /// The name of a module.
    public struct Name: Sendable, Hashable {
        public var text: String

        /// The location of the name in the task file.
        public var location: SourceLocation
    }

    /// The modules, without duplicates.
    public var names: [Name]

    /// The file from which systemd loads the modules at a boot.
    public var path: LocatedPath

    /// The content of the file.
    public var content: String { names.map { "\($0.text)\n" }.joined() }
}

extension ModuleDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "module" }

    public static var summary: String { "loads kernel modules, also at the next boot" }

    /// The verb's keys.
    public static var keys: [KeyDescription] { [Keys.names.description] }

    private enum Keys {
        static let names = Key.required(
            "names",
            .list(
                of: ValueReader<Name>(type: .name("kernel module")) { $0.moduleName() },
                "names of kernel modules",
                limit: Limit.needCount
            ).ofAtLeastOne,
            example: "[overlay, br_netfilter]",
            "the modules, as `modprobe` takes them"
        )
    }

    static func mapping(instead node: Node) -> String? {
        let names = (node.sequence ?? [node]).map(\.string)
        guard !names.isEmpty, names.allSatisfy({ $0.map(isModuleName) == true }) else { return nil }
        return "{names: [\(names.compactMap { $0.map(typed) }.joined(separator: ", "))]}"
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        guard let names = fields.value(Keys.names) else { return nil }
        guard !names.isEmpty else {
            // Names that cannot be read have been reported.
            if let entry = fields.entries.first(where: { $0.key == "names" }), entry.value.sequence?.isEmpty == true {
                fields.problems.add(
                    .wrongValue,
                    entry.value.location,
                    "\(fields.subject.label("names")) must have at least one name of a kernel module, and the list is empty",
                    hint: "write names: [NAME]"
                )
            }
            return nil
        }
        let path = "/etc/modules-load.d/k8s-bootstrap-\(context.taskName).conf"
        // The kernel's names have underscores.
        let unique = names.unique { ExactText($0.text.replacing("-", with: "_")) }
        return ReadVerb(Self(names: unique, path: LocatedPath(path, location: fields.location)))
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        let location = path.location
        // A unit sees these paths even if it sees only what its task names.
        let seen = ["/lib/modules", "/etc/modprobe.d", "/run/systemd/container", "/run/.containerenv"]
        return Footprint(
            reads: seen.map { .init(path: LocatedPath($0, location: location), use: .optional) },
            writes: [.init(path: path, effect: .replaces, product: .file(mode: 0o644))],
            command: .init(name: LocatedPath("modprobe", location: location), package: "kmod"),
            capabilities: ["CAP_SYS_MODULE"],
        )
    }
}

private func isModuleName(_ text: String) -> Bool {
    guard let first = text.utf8.first, first != UInt8(ascii: "-") else { return false }
    return text.utf8.count <= moduleNameLength
        && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "_-".utf8.contains($0) }
}

/// Bytes in the name of a module: MODULE_NAME_LEN of Linux on machines with 64 bits, without the NUL at the end.
private let moduleNameLength = 55

extension ConfigValue {
    /// Reads the name of a kernel module.
    fileprivate func moduleName() -> ModuleDeclaration.Name? {
        let expected = "the name of a kernel module, of letters, digits, '_' and '-'"
        guard let text = string(expected: expected) else { return nil }
        guard isModuleName(text) else {
            // A path of a file such as `overlay.ko.xz`, or a line of modprobe with parameters.
            let words = text.split { $0 == " " || $0 == "," }.map(String.init)
            if words.count > 1, words.allSatisfy(isModuleName) {
                reportTypeMismatch(expected, hint: "write \(words.joined(separator: ", ")), or only the name")
                return nil
            }
            if text.utf8.count > moduleNameLength {
                reportTypeMismatch("\(expected), and at most \(moduleNameLength) characters")
                return nil
            }
            let last = text.pathParts.last.map(String.init) ?? text
            let name = last.prefix { $0 != "." && $0 != " " }
            reportTypeMismatch(expected, hint: isModuleName(String(name)) ? write(String(name)) : nil)
            return nil
        }
        return ModuleDeclaration.Name(text: text, location: node.location)
    }
}
