import Archive
import Base
import Execution
import Planning
import YAML

/// The list of the images in an archive, with which a later run needs neither the archive nor its server.
struct ImportedImages {
    private let run: RunEnvironment
    private let directory: String
    private let name: String
    private let digest: String

    /// The maximum size of the list in bytes.
    private static let sizeLimit = 8 << 20

    /// The end of the names of lists, after the digest of the archive.
    static let suffix = ".images.json"

    /// Creates access to the list of an archive.
    ///
    /// - Parameters:
    ///   - context: The task that imports the archive.
    ///   - digest: The SHA-256 digest of the archive.
    init(_ context: ActionContext, sha256 digest: String) {
        run = context.run
        directory = "\(run.cacheDirectory)/\(context.task.name)"
        self.digest = digest
        name = "\(digest)\(Self.suffix)"
    }

    /// Returns the images of the archive, `nil` if they are not known.
    func load() -> ImageArchive? {
        guard let json = try? run.files.read("\(directory)/\(name)", limit: Self.sizeLimit),
            let node = try? readJSON(json, file: name), node["sha256"]?.string == digest,
            let isCompressed = node["compressed"]?.boolean, let entries = node["images"]?.sequence
        else { return nil }
        let images = entries.compactMap(ImageArchive.Image.init)
        guard !images.isEmpty, images.count == entries.count else { return nil }
        return ImageArchive(images: images, isCompressed: isCompressed)
    }

    /// Removes the list, so that the next run reads the archive again.
    func discard() { try? run.files.discard(name, in: directory) }

    /// Keeps the images of the archive; if that fails, the next run reads the archive again.
    func save(_ archive: ImageArchive) {
        let node = Node.mapping([
            ("sha256", .string(digest)), ("compressed", .boolean(archive.isCompressed)),
            ("images", .sequence(archive.images.map(\.node))),
        ])
        try? run.files.keep(node.json(), as: name, in: directory)
    }
}

extension ImageArchive.Image {
    fileprivate var node: Node {
        switch content {
        case .target(let digest): .mapping([("name", .string(name)), ("target", .string(digest))])
        case .configuration(let digest): .mapping([("name", .string(name)), ("configuration", .string(digest))])
        }
    }

    fileprivate init?(_ node: Node) {
        let target = node["target"]?.string.map(ImageArchive.Content.target)
        guard let name = node["name"]?.string,
            let content = target ?? node["configuration"]?.string.map(ImageArchive.Content.configuration)
        else { return nil }
        self.init(name: name, content: content)
    }
}
