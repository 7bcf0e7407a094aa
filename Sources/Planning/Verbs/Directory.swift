import Base
import YAML

/// Verb `directory`: a directory with its mode and owner.
public struct DirectoryDeclaration: VerbDeclaration {
    /// The directory.
    public var path: LocatedPath

    /// The permissions, or `nil` for ``usualMode`` of a new directory and the present ones of an existing directory.
    public var mode: UInt16?

    /// The name or number of the owner, or `nil` for the agent's user, and the present owner of an existing directory.
    public var owner: String?

    /// The name or number of the group, or `nil` for the agent's group, and the present group of an existing directory.
    public var group: String?

    /// The locations of the keys that name the owner and the group.
    var accountLocations: [Footprint.Account.Kind: SourceLocation] = [:]
}

extension DirectoryDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "directory" }

    public static var summary: String { "creates a directory with its mode and owner" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [Keys.path.description, Keys.mode.description, Keys.owner.description, Keys.group.description]
    }

    private enum Keys {
        static let path = Key.required(
            "path",
            ValueReader(type: .absolutePath) { $0.directoryPath() },
            example: "/var/lib/etcd",
            "the directory; missing directories above it are created"
        )
        static let mode = Key.optional(
            "mode",
            ValueReader(type: .mode) { $0.mode(hint: "0755, or 0700 for secrets") },
            default: "`0755`; a directory that exists keeps its own",
            "the directory's permissions"
        )
        static let owner = Key.optional(
            "owner",
            .account("user"),
            default: "root; a directory that exists keeps its own",
            "the directory's owner"
        )
        static let group = Key.optional(
            "group",
            .account("group"),
            default: "root; a directory that exists keeps its own",
            "the directory's group"
        )
    }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let path = fields.value(Keys.path)
        let mode = fields.value(Keys.mode)
        let owner = fields.value(Keys.owner)
        let group = fields.value(Keys.group)
        if let mode { fields.reportClosedDirectory(mode) }
        guard let path else { return nil }
        var declaration = Self(path: path, mode: mode, owner: owner, group: group)
        declaration.accountLocations = fields.accountLocations()
        return ReadVerb(declaration)
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        let product = Footprint.Product.directory(mode: mode, owner: owner, group: group)
        var footprint = Footprint(writes: [.init(path: path, effect: .replaces, product: product)])
        footprint.addAccounts(owner: owner, group: group, named: accountLocations, at: path.location)
        return footprint
    }
}

extension MappingReader {
    /// Reports a mode with which users may read or write a directory that they cannot enter.
    fileprivate func reportClosedDirectory(_ mode: UInt16) {
        // A user who may read or write, by the bits of the mode, needs the bit with the value 1 as well.
        let needed = (mode & 0o444) >> 2 | (mode & 0o222) >> 1
        guard needed & ~mode != 0, let entry = entries.first(where: { $0.key == "mode" }) else { return }
        problems.add(
            entry.value.location,
            "\(subject.label("mode")) is 0\(String(mode, radix: 8)), with which users who may read or write the directory "
                + "cannot enter it",
            hint: "write mode: 0\(String(mode | needed, radix: 8))"
        )
    }
}

extension ConfigValue {
    /// Reads the path of a directory to create, which may end with a slash.
    fileprivate func directoryPath() -> LocatedPath? {
        guard let path = writablePath() else { return nil }
        let normal = normalised(path.path)
        guard normal != "/", !["/proc", "/sys"].contains(where: { isPath(normal, at: $0) }) else {
            let hint = normal == "/" ? "name a directory below it" : "the kernel creates it; remove the task"
            reportTypeMismatch("a path where a directory can be made", hint: hint)
            return nil
        }
        return LocatedPath(normal, location: path.location)
    }
}
