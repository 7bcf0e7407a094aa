import Archive
import Base
import Execution
import Host
import Planning
import YAML

/// The list of what a task has unpacked, with which a later run finds everything in place without the archive.
///
/// The list is only compared with what is there: what is written always comes from an archive that was read again.
struct UnpackedContents {
    private let run: RunEnvironment
    private let directory: String
    private let key: Node
    /// The directory in which the archive is unpacked.
    private let target: String

    private static let name = "unpacked.json"

    /// The maximum size of the list in bytes.
    private static let sizeLimit = 32 << 20

    /// Creates access to the list of a task.
    ///
    /// - Parameters:
    ///   - context: The task.
    ///   - digest: The SHA-256 digest of the archive.
    ///   - unpacking: The part of the archive that is unpacked. A list of another archive or part is not used.
    ///   - target: The directory in which the archive is unpacked.
    init(
        _ context: ActionContext,
        sha256 digest: String,
        _ unpacking: FileDeclaration.Unpacking,
        in target: String,
    ) {
        self.target = target
        run = context.run
        directory = "\(run.cacheDirectory)/\(context.task.name)"
        key = .mapping([
            ("sha256", .string(digest)), ("strip", .number(unpacking.strippedCount)),
            ("only", .sequence(unpacking.wanted.map { .string($0) })),
        ])
    }

    /// Returns the contents that were unpacked, `nil` if they are not known.
    func load() -> ArchiveContents? {
        guard let node = read(), node["archive"]?.json() == key.json() else { return nil }
        return Self.contents(node)
    }

    /// Returns what the task has unpacked last, also of another archive or part, `nil` if that is not known.
    func former() -> ArchiveContents? {
        guard let node = read(), node["directory"]?.string?.hasSameBytes(as: target) == true else { return nil }
        return Self.contents(node)
    }

    private func read() -> Node? {
        guard let json = try? run.files.read("\(directory)/\(Self.name)", limit: Self.sizeLimit) else { return nil }
        return try? readJSON(json, file: Self.name)
    }

    private static func contents(_ node: Node) -> ArchiveContents? {
        guard let files = node["files"]?.sequence, let links = node["links"]?.sequence,
            let directories = node["directories"]?.sequence
        else { return nil }
        let contents = ArchiveContents(
            files: files.compactMap(ArchiveContents.File.init),
            links: links.compactMap(ArchiveContents.Link.init),
            directories: directories.compactMap(\.string)
        )
        let isWhole =
            contents.files.count == files.count && contents.links.count == links.count
            && contents.directories.count == directories.count
        return isWhole ? contents : nil
    }

    /// Keeps what may be there if this process ends before everything is unpacked: it is of no archive.
    func saveUnfinished(_ former: ArchiveContents?, and contents: ArchiveContents) {
        guard let former else { return save(contents, as: .mapping([])) }
        let all = ArchiveContents(
            files: former.files + contents.files,
            links: former.links + contents.links,
            directories: (former.directories + contents.directories).unique { ExactText($0) }
        )
        save(all, as: .mapping([]))
    }

    /// Keeps the contents that were unpacked; if that fails, the next run reads the archive again.
    func save(_ contents: ArchiveContents) { save(contents, as: key) }

    private func save(_ contents: ArchiveContents, as key: Node) {
        let node = Node.mapping([
            ("archive", key), ("directory", .string(target)), ("files", .sequence(contents.files.map(\.node))),
            ("links", .sequence(contents.links.map(\.node))),
            ("directories", .sequence(contents.directories.map { .string($0) })),
        ])
        try? run.files.keep(node.json(), as: Self.name, in: directory)
    }
}

extension ArchiveContents.File {
    fileprivate var node: Node {
        .mapping([
            ("path", .string(path)), ("index", .number(index)), ("executable", .boolean(isExecutable)),
            ("size", .number(size)), ("sha256", .string(sha256)),
        ])
    }

    fileprivate init?(_ node: Node) {
        guard let path = node["path"]?.string, let index = node["index"]?.integer,
            let isExecutable = node["executable"]?.boolean, let size = node["size"]?.integer,
            let sha256 = node["sha256"]?.string
        else { return nil }
        self.init(path: path, index: index, isExecutable: isExecutable, size: size, sha256: sha256)
    }
}

extension ArchiveContents.Link {
    fileprivate var node: Node { .mapping([("path", .string(path)), ("target", .string(target))]) }

    fileprivate init?(_ node: Node) {
        guard let path = node["path"]?.string, let target = node["target"]?.string else { return nil }
        self.init(path: path, target: target)
    }
}
