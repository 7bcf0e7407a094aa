import Base
public import Host
import TLS

/// The images of containers in an archive, as `docker save` or a program for OCI images writes it.
///
/// Nothing of the archive is used before it was read as a whole. An archive is refused if it is not tar, contains a device,
/// a FIFO, a socket or two entries with one name, if a name is absolute or leads upwards, if there are more entries or bytes
/// than the limits of ``ArchiveContents``, if its documents contradict each other, if it lacks a part of an image for the
/// node's architecture, or if a part has another digest than its name says.
///
/// Source: image-layout.md and manifest.md of the OCI image specification 1.1, and `core/images/archive` of containerd,
/// whose import decides the names.
public struct ImageArchive: Sendable, Hashable {
    /// An image.
    public struct Image: Sendable, Hashable {
        /// The name, as containerd records it, such as `registry.k8s.io/pause:3.10`.
        public var name: String

        /// The digest by which the image is recognised.
        public var content: Content

        public init(name: String, content: Content) {
            (self.name, self.content) = (name, content)
        }
    }

    /// The digest of a document of an image, with its algorithm, as in `sha256:…`.
    public enum Content: Sendable, Hashable {
        /// The manifest or index to which the name leads.
        case target(String)
        /// The configuration, if the program that imports the archive makes the manifest.
        case configuration(String)
    }

    /// The images, in the order of the archive.
    public let images: [Image]

    /// Whether the archive is compressed as a whole.
    public let isCompressed: Bool

    /// Creates a list of images that was read before.
    public init(images: [Image], isCompressed: Bool) {
        (self.images, self.isCompressed) = (images, isCompressed)
    }

    /// Reads an archive as a whole, and checks it.
    ///
    /// - Parameters:
    ///   - path: The archive's file.
    ///   - architecture: The architecture of the node, by Go's names.
    ///   - byteLimit: The number of bytes of all files above which the archive is refused.
    ///   - deadline: The instant after which reading ends.
    /// - Throws: ``ArchiveError`` if the archive cannot be read or is refused.
    public init(
        of path: String,
        architecture: String,
        byteLimit: Int = ArchiveContents.byteLimit,
        deadline: ContinuousClock.Instant? = nil,
    ) throws(ArchiveError) {
        let parts = try ImageParts(of: path, byteLimit: byteLimit, deadline: deadline)
        let documents = ImageDocuments(parts, architecture: architecture)
        images = try parts.has("oci-layout") ? documents.layoutImages() : documents.dockerImages()
        isCompressed = parts.isCompressed
    }
}

/// The files of an archive of images, and the documents among them.
struct ImageParts {
    /// The maximum size of a document.
    private static let documentLimit = 4 << 20

    /// The maximum size of all documents, which are kept in memory.
    private static let documentsLimit = 64 << 20

    /// The words in front of the reasons for a refusal.
    static let refused = "is not imported"

    private var index: ArchiveIndex
    private var texts: [String: [UInt8]] = [:]
    /// The compressed files with the SHA-256 digests of what they decompress to, `nil` if they cannot be decompressed.
    private var compressed: [String: String?] = [:]
    private var size = 0
    private var decompressedSize = 0
    private let decompressedLimit: Int

    /// Whether the archive is compressed as a whole.
    private(set) var isCompressed = false

    /// Reads all parts.
    ///
    /// - Throws: ``ArchiveError`` if the archive cannot be read or is refused.
    init(of path: String, byteLimit: Int, deadline: ContinuousClock.Instant?) throws(ArchiveError) {
        var reader = try ArchiveReader(path)
        decompressedLimit = min(byteLimit, Int.max / Self.decompressionFactor) * Self.decompressionFactor
        index = ArchiveIndex(path, byteLimit: byteLimit, refused: Self.refused)
        var isTar = true
        while let entry = try reader.next() {
            isTar = isTar && reader.isTar
            guard let position = try index.add(entry) else { continue }
            if case .other(let kind) = entry.kind {
                throw Self.refusal("entry '\(entry.name ?? "")' is a \(kind.rawValue)")
            }
            if case .hardLink = entry.kind {
                throw Self.refusal("entry '\(entry.name ?? "")' is a hard link, which 'ctr' does not read")
            }
            guard entry.kind == .file else { continue }
            try read(&reader, at: position, until: deadline)
        }
        guard isTar else { throw Self.refusal("it is a zip archive", advice: "write it as tar") }
        isCompressed = reader.isCompressed
    }

    private mutating func read(
        _ reader: inout ArchiveReader,
        at position: Int,
        until deadline: ContinuousClock.Instant?
    ) throws(ArchiveError) {
        var digest = SHA256()
        var text: [UInt8]? = []
        let path = index.path(at: position)
        while let bytes = try reader.read() {
            try Self.check(deadline)
            try index.addSize(bytes.count, at: position)
            digest.update(bytes)
            if text?.isEmpty == true, Self.isCompressed(bytes) {
                try decompress(bytes, &reader, at: position, &digest, until: deadline)
                text = nil
                break
            }
            text?.append(contentsOf: bytes)
            if !Self.isDocument(text ?? []) { text = nil }
        }
        index.setDigest(digest.finish().description, at: position)
        guard let text else { return }
        size += text.count
        guard size <= Self.documentsLimit else {
            throw Self.refusal("it has more than \(Self.documentsLimit >> 20) MiB of documents")
        }
        texts[path] = text
    }

    private static func check(_ deadline: ContinuousClock.Instant?) throws(ArchiveError) {
        if let deadline, deadline < .now { throw refusal("the time of the task is over") }
    }

    /// The maximum size of all files that are decompressed, in multiples of the limit of the archive.
    private static let decompressionFactor = 4

    /// Reads the rest of a compressed file, whose content has a digest of its own.
    private mutating func decompress(
        _ first: [UInt8],
        _ reader: inout ArchiveReader,
        at position: Int,
        _ digest: inout SHA256,
        until deadline: ContinuousClock.Instant?
    ) throws(ArchiveError) {
        var content = SHA256()
        var total = decompressedSize
        let isWhole = try reader.decompress(after: first) { bytes throws(ArchiveError) in
            try Self.check(deadline)
            try index.addSize(bytes.count, at: position)
            digest.update(bytes)
        } onContent: { bytes throws(ArchiveError) in
            try Self.check(deadline)
            total += bytes.count
            guard total <= decompressedLimit else {
                throw Self.refusal(
                    "its layers have more than \(roundedByteText(decompressedLimit)) when they are decompressed"
                )
            }
            content.update(bytes)
        }
        decompressedSize = total
        compressed[index.path(at: position)] = .some(isWhole ? content.finish().description : nil)
    }

    /// Returns whether a text begins as a document does, and is not too long for one.
    private static func isDocument(_ text: [UInt8]) -> Bool {
        let first = text.first { !" \t\r\n".utf8.contains($0) }
        return text.count <= documentLimit && first.map("{[".utf8.contains) == true
    }

    /// Returns whether a file begins as one that gzip or zstd has compressed.
    private static func isCompressed(_ bytes: [UInt8]) -> Bool {
        bytes.starts(with: [0x1f, 0x8b]) || bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd])
    }

    /// Returns whether a file is compressed, so that its digest is not that of its content.
    func isCompressed(_ path: String) -> Bool { index.linkedPath(path).map { compressed[$0] != nil } == true }

    /// Returns the SHA-256 digest of what a file decompresses to, `nil` if it cannot be decompressed.
    func contentDigest(of path: String) -> String? {
        guard let path = index.linkedPath(path) else { return nil }
        guard let digest = compressed[path] else { return index.digest(of: path) }
        return digest
    }

    /// Returns whether the archive has an entry with a path.
    func has(_ path: String) -> Bool { index.digest(of: path) != nil }

    /// Returns the SHA-256 digest of a file, `nil` if there is none.
    func digest(of path: String) -> String? { index.digest(of: path) }

    /// Returns the content of a document, `nil` if there is none; links are not followed.
    func text(of path: String) -> [UInt8]? { texts[plain(path)] }

    private func plain(_ path: String) -> String { path.pathParts.filter { $0 != "." }.joined(separator: "/") }

    static func refusal(_ words: String, advice: String? = nil) -> ArchiveError {
        ArchiveError("\(refused): \(words)", advice: advice)
    }
}
