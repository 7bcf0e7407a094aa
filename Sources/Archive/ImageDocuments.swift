import Base
import Host
import YAML

/// The reader of the documents that describe the images of an archive.
struct ImageDocuments {
    private let parts: ImageParts
    private let architecture: String

    /// The maximum number of indexes within each other.
    private static let depthLimit = 4

    /// The maximum number of images and of parts of one image.
    private static let countLimit = 10_000

    /// Creates a reader.
    ///
    /// - Parameters:
    ///   - parts: The files of the archive.
    ///   - architecture: The architecture of the node, by Go's names.
    init(_ parts: ImageParts, architecture: String) {
        (self.parts, self.architecture) = (parts, architecture)
    }

    private func refusal(_ words: String, advice: String? = nil) -> ArchiveError {
        ImageParts.refusal(words, advice: advice)
    }

    /// Returns the images of an archive with an OCI image layout.
    func layoutImages() throws(ArchiveError) -> [ImageArchive.Image] {
        let index = try document("index.json")
        var images: [ImageArchive.Image] = []
        for entry in try items(index["manifests"], "'manifests' of 'index.json'") {
            let digest = try digest(of: entry, in: "index.json")
            try requireImage(digest, depth: 0)
            guard let name = layoutName(entry["annotations"]) else { continue }
            try add(name, .target(digest), to: &images)
        }
        guard !images.isEmpty else {
            throw refusal(
                "its images have no names",
                advice: "write it with names, such as 'skopeo copy docker://NAME oci-archive:FILE:NAME'"
            )
        }
        return images
    }

    /// Returns the name of an image, `nil` if it has only a tag or none.
    private func layoutName(_ annotations: Node?) -> String? {
        if let name = annotations?["io.containerd.image.name"]?.string, !name.isEmpty { return name }
        let name = annotations?["org.opencontainers.image.ref.name"]?.string
        return name.flatMap { $0.contains { "/:@".contains($0) } ? $0 : nil }
    }

    /// Returns the images of an archive of `docker save`.
    func dockerImages() throws(ArchiveError) -> [ImageArchive.Image] {
        guard parts.has("manifest.json") else {
            throw refusal(
                "it has neither 'manifest.json' nor 'oci-layout', which an archive of images has",
                advice: "write it with 'docker save', 'ctr images export' or 'skopeo copy'"
            )
        }
        var images: [ImageArchive.Image] = []
        for entry in try items(document("manifest.json"), "'manifest.json'") {
            guard let path = entry["Config"]?.string, let digest = parts.digest(of: path) else {
                throw refusal("'manifest.json' names no configuration that it contains")
            }
            try requireArchitecture(try document(path))
            for layer in try items(entry["Layers"], "'Layers' of 'manifest.json'") {
                guard let path = layer.string, parts.has(path) else {
                    throw refusal("it lacks layer '\(layer.string ?? "")'")
                }
            }
            for tag in entry["RepoTags"]?.sequence ?? [] {
                guard let tag = tag.string else {
                    throw refusal("'RepoTags' of 'manifest.json' is not a list of names")
                }
                try add(dockerName(tag), .configuration("sha256:\(digest)"), to: &images)
            }
        }
        guard !images.isEmpty else {
            throw refusal("its images have no names", advice: "name them by tag: docker save NAME:TAG")
        }
        return images
    }

    private func add(
        _ name: String,
        _ content: ImageArchive.Content,
        to images: inout [ImageArchive.Image]
    ) throws(ArchiveError) {
        guard isImageName(name) else { throw refusal("'\(name.prefix(100))' cannot be the name of an image") }
        if let other = images.first(where: { $0.name == name }) {
            guard other.content == content else { throw refusal("it has two images of the name '\(name)'") }
            return
        }
        images.append(ImageArchive.Image(name: name, content: content))
    }

    /// Checks that everything of an image for the node's architecture is in the archive.
    private func requireImage(_ digest: String, depth: Int) throws(ArchiveError) {
        guard depth < Self.depthLimit else {
            throw refusal("it has more than \(Self.depthLimit) indexes within each other")
        }
        let manifest = try document(path(of: digest))
        if manifest["manifests"] != nil {
            let entries = try items(manifest["manifests"], "'manifests' of '\(digest)'")
            let others = entries.compactMap { $0["platform"]?["architecture"]?.string }
            let wanted = entries.first { entry in
                guard let platform = entry["platform"] else { return true }
                return platform["architecture"]?.string == architecture && platform["os"]?.string == "linux"
            }
            guard let wanted else { throw otherArchitecture(others) }
            return try requireImage(try self.digest(of: wanted, in: digest), depth: depth + 1)
        }
        guard let configuration = manifest["config"] else {
            throw refusal("'\(digest)' is neither a manifest nor an index")
        }
        let place = try path(of: try self.digest(of: configuration, in: digest))
        try requirePart(place)
        // An artifact, such as a signature, has another configuration.
        if let text = parts.text(of: place), let node = try? readJSON(text, file: place) {
            try requireArchitecture(node)
        }
        for layer in try items(manifest["layers"], "'layers' of '\(digest)'") {
            let isElsewhere = layer["urls"]?.sequence?.isEmpty == false
            if !isElsewhere { try requirePart(try path(of: try self.digest(of: layer, in: digest))) }
        }
    }

    private func requireArchitecture(_ configuration: Node) throws(ArchiveError) {
        guard let found = configuration["architecture"]?.string, !found.isEmpty, found != "unknown",
            found != architecture
        else { return }
        throw otherArchitecture([found])
    }

    private func otherArchitecture(_ found: [String]) -> ArchiveError {
        let names = found.filter { isWord($0) && $0 != "unknown" }.unique().joined(separator: ", ")
        return refusal(
            "its images are for \(names.isEmpty ? "another platform" : names), and this node is \(architecture)",
            advice: "save the image of this architecture: pull it with --platform linux/\(architecture)"
        )
    }

    private func requirePart(_ path: String) throws(ArchiveError) {
        guard let digest = parts.digest(of: path) else {
            throw refusal(
                "it lacks '\(path)', a part of an image for linux/\(architecture)",
                advice: "write it again, with all parts of this platform"
            )
        }
        guard let name = path.pathParts.last, name == digest else {
            throw refusal("'\(path)' has another digest than its name: \(digest)", advice: "write it again")
        }
    }

    /// Returns the place of a part in an OCI image layout.
    private func path(of digest: String) throws(ArchiveError) -> String {
        let hexadecimal = digest.dropFirst("sha256:".count)
        guard digest.hasPrefix("sha256:"), hexadecimal.utf8.count == 64,
            hexadecimal.utf8.allSatisfy({ $0.isDigit || (0x61...0x66).contains($0) })
        else { throw refusal("'\(digest.prefix(100))' is not a SHA-256 digest") }
        return "blobs/sha256/\(hexadecimal)"
    }

    private func digest(of descriptor: Node, in place: String) throws(ArchiveError) -> String {
        guard let digest = descriptor["digest"]?.string else {
            throw refusal("an entry of '\(place)' has no digest")
        }
        return digest
    }

    private func document(_ path: String) throws(ArchiveError) -> Node {
        if path.pathParts.first == "blobs" { try requirePart(path) }
        guard let text = parts.text(of: path) else {
            throw refusal("'\(path)' is missing, too large, or not JSON")
        }
        do {
            return try readJSON(text, file: path)
        } catch {
            throw refusal("'\(path)' is not JSON: \(error)")
        }
    }

    private func items(_ node: Node?, _ name: String) throws(ArchiveError) -> [Node] {
        guard let items = node?.sequence, items.count <= Self.countLimit else {
            throw refusal("\(name) is not a list, or has more than \(Self.countLimit) items")
        }
        return items
    }
}

/// Returns whether a text consists of the characters of names of images, and none of its parts looks like a flag.
private func isImageName(_ name: String) -> Bool {
    name.utf8.count <= 512
        && parts(ofImage: name).allSatisfy { $0.utf8.first.map { $0.isLetter || $0.isDigit } == true }
        && name.utf8.allSatisfy { $0.isLetter || $0.isDigit || "._-/:@+".utf8.contains($0) }
}

private func isWord(_ text: String) -> Bool {
    text.utf8.count < 40 && text.utf8.allSatisfy { $0.isLetter || $0.isDigit }
}

/// Returns the parts of a name between its slashes, also empty ones.
private func parts(ofImage name: String) -> [String] {
    let slash: Character = "/"
    return name.split(separator: slash, omittingEmptySubsequences: false).map(String.init)
}

/// Returns the full name of an image with a name of Docker's, as containerd records it.
///
/// The registry is `docker.io` unless the first part of the name is that of a host; the tag is `latest` unless the name
/// has one.
private func dockerName(_ tag: String) -> String {
    var parts = parts(ofImage: tag)
    let isHost = parts.count > 1 && (parts[0].contains { ".:".contains($0) } || parts[0] == "localhost")
    if !isHost { parts.insert("docker.io", at: 0) }
    if parts[0] == "index.docker.io" { parts[0] = "docker.io" }
    if parts[0] == "docker.io", parts.count == 2 { parts.insert("library", at: 1) }
    let hasTag = parts.last?.contains { ":@".contains($0) } == true
    return parts.joined(separator: "/") + (hasTag ? "" : ":latest")
}
