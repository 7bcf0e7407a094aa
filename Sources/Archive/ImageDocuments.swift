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
        let version = try document("oci-layout")["imageLayoutVersion"]?.string
        guard version == "1.0.0" else {
            throw refusal("its 'oci-layout' has version '\(version?.prefix(40) ?? "")', and only 1.0.0 is known")
        }
        let index = try document("index.json")
        var images: [ImageArchive.Image] = []
        for entry in try items(index["manifests"], "'manifests' of 'index.json'") {
            let digest = try digest(of: entry, in: "index.json")
            guard let name = try layoutName(entry["annotations"]) else { continue }
            try requireType(entry, Self.manifestTypes)
            try requireImage(digest, depth: 0)
            try add(name, .target(digest), to: &images)
        }
        guard !images.isEmpty else { throw namelessImages }
        return images
    }

    private var namelessImages: ArchiveError {
        refusal(
            "its images have no names",
            advice: "write it with names, such as 'skopeo copy docker://NAME oci-archive:FILE:NAME'"
        )
    }

    /// Returns the name of an image, `nil` if it has none.
    ///
    /// - Throws: ``ArchiveError`` if it has only a tag, in front of which `ctr` would put the date.
    private func layoutName(_ annotations: Node?) throws(ArchiveError) -> String? {
        if let name = annotations?["io.containerd.image.name"]?.string, !name.isEmpty { return name }
        guard let name = annotations?["org.opencontainers.image.ref.name"]?.string, !name.isEmpty else { return nil }
        guard name.contains(where: { "/:@".contains($0) }) else { throw namelessImages }
        return name
    }

    private static let manifestTypes = [
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]

    private static let configurationTypes = [
        "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json",
    ]

    /// The beginnings of the types of layers.
    private static let layerTypes = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."]

    /// Refuses an entry of a type that containerd would not read as a part of an image.
    private func requireType(_ entry: Node, _ types: [String]) throws(ArchiveError) {
        let type = entry["mediaType"]?.string ?? ""
        guard types.contains(where: { $0.hasSuffix(".") ? type.hasPrefix($0) : type == $0 }) else {
            throw refusal("it has a part of the type '\(type.prefix(100))', which images do not have")
        }
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
            let configuration = try document(path)
            try requireArchitecture(configuration)
            try requireLayers(try items(entry["Layers"], "'Layers' of 'manifest.json'"), of: configuration)
            for tag in entry["RepoTags"]?.sequence ?? [] {
                guard let tag = tag.string else {
                    throw refusal("'RepoTags' of 'manifest.json' is not a list of names")
                }
                // containerd would drop the tag in front of a digest.
                guard !tag.contains("@") else { throw refusal("'\(tag.prefix(100))' is not a name with a tag") }
                try add(dockerName(tag), .configuration("sha256:\(digest)"), to: &images)
            }
        }
        guard !images.isEmpty else {
            throw refusal("its images have no names", advice: "name them by tag: docker save NAME:TAG")
        }
        return images
    }

    /// Refuses layers that are missing or are not those of the configuration.
    private func requireLayers(_ layers: [Node], of configuration: Node) throws(ArchiveError) {
        let digests = try items(configuration["rootfs"]?["diff_ids"], "'rootfs.diff_ids' of a configuration")
        guard layers.count == digests.count else {
            throw refusal("it has \(layers.count) layers of an image whose configuration has \(digests.count)")
        }
        for (layer, digest) in zip(layers, digests) {
            guard let path = layer.string, parts.has(path) else {
                throw refusal("it lacks layer '\(layer.string ?? "")'")
            }
            try requireContent(of: path, digest)
        }
    }

    /// Refuses a layer whose content has another digest than the configuration says.
    private func requireContent(of path: String, _ digest: Node) throws(ArchiveError) {
        guard let found = parts.contentDigest(of: path) else {
            throw refusal("layer '\(path)' cannot be decompressed", advice: "write it again")
        }
        guard digest.string == "sha256:\(found)" else {
            throw refusal("layer '\(path)' is not the one of its configuration", advice: "write it again")
        }
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
            try requireType(wanted, Self.manifestTypes)
            return try requireImage(try self.digest(of: wanted, in: digest), depth: depth + 1)
        }
        guard let configuration = manifest["config"] else {
            throw refusal("'\(digest)' is neither a manifest nor an index")
        }
        try requireType(configuration, Self.configurationTypes)
        let content = try document(path(of: try self.digest(of: configuration, in: digest)))
        try requireArchitecture(content)
        let layers = try items(manifest["layers"], "'layers' of '\(digest)'")
        let digests = try items(content["rootfs"]?["diff_ids"], "'rootfs.diff_ids' of a configuration")
        guard layers.count == digests.count else {
            throw refusal("it has \(layers.count) layers of an image whose configuration has \(digests.count)")
        }
        for (layer, content) in zip(layers, digests) {
            try requireType(layer, Self.layerTypes)
            let path = try path(of: try self.digest(of: layer, in: digest))
            try requirePart(path)
            // The content of an encrypted layer is not known here.
            if layer["mediaType"]?.string?.contains("+encrypted") != true { try requireContent(of: path, content) }
        }
    }

    private func requireArchitecture(_ configuration: Node) throws(ArchiveError) {
        if let system = configuration["os"]?.string, !["", "linux"].contains(system) {
            throw refusal("its images are for \(isWord(system) ? system : "another system"), and this node has Linux")
        }
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
        let node: Node
        do {
            node = try readJSON(text, file: path)
        } catch {
            throw refusal("'\(path)' is not JSON: \(error)")
        }
        // Go's reader of JSON takes keys in any case, and would read another value than this one.
        guard !node.hasAmbiguousKeys else { throw refusal("'\(path)' has two keys that differ in case only") }
        return node
    }

    private func items(_ node: Node?, _ name: String) throws(ArchiveError) -> [Node] {
        guard let items = node?.sequence, items.count <= Self.countLimit else {
            throw refusal("\(name) is not a list, or has more than \(Self.countLimit) items")
        }
        return items
    }
}

/// Returns whether a text is a name of an image with its registry, and with a tag or a digest or both.
///
/// Source: the grammar of `reference` in the project distribution.
private func isImageName(_ name: String) -> Bool {
    let host = /[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?/
    let part = /[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*/
    let parts = parts(ofImage: name)
    guard name.utf8.count <= 512, name.utf8.allSatisfy({ $0 < 0x80 }), let first = parts.first, parts.count > 1,
        let last = parts.last,
        let end = last.firstMatch(of: /(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/)
    else { return false }
    let repository = parts.dropFirst().dropLast() + [String(last[..<end.range.lowerBound])]
    return first.wholeMatch(of: host) != nil && repository.allSatisfy { $0.wholeMatch(of: part) != nil }
}

extension Node {
    /// Whether two keys of a mapping in the value differ in case only.
    fileprivate var hasAmbiguousKeys: Bool {
        switch content {
        case .mapping(let mapping):
            Set(mapping.entries.map { $0.key.lowercased() }).count < mapping.entries.count
                || mapping.entries.contains { $0.value.hasAmbiguousKeys }
        case .sequence(let nodes): nodes.contains { $0.hasAmbiguousKeys }
        case .null, .boolean, .number, .string: false
        }
    }
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
