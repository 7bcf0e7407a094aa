import TLS
import YAML

/// Everything that decides whether applying a manifest changes an object.
///
/// * The manifest with the labels and annotations that every object gets.
/// * The object, for which there are two digests. The digest of the whole object includes its UID and field managers.
///   It excludes the status, which an apply does not change, the status part and the times of the managed fields, and
///   the resource version, which changes with the status. The digest of the metadata includes all managed fields, their
///   times and the resource version. Objects with the same UID and resource version are stored with the same fields,
///   and are read with the same fields unless a webhook converts them. After etcd is restored from a backup, another
///   state may have the same resource version. Its managed fields then have other times, unless it was written through
///   the subresource `scale` of a server before 1.22, which records no time.
/// * The version of the server, which determines defaults.
/// * For a custom resource, the state of its definition.
struct ApplyInputs {
    /// The inputs from the server, in addition to the manifest and the object.
    struct Server {
        let version: String
        let definition: KnownTraits.Definition

        /// The SHA-256 digest of the version and the definition's state.
        var digest: SHA256Digest { ApplyInputs.digest(of: [version, definition.state].map { Array($0.utf8) }) }
    }

    /// The digest of the manifest.
    private let manifestDigest: SHA256Digest
    /// A text of the labels and annotations that every object gets.
    private let everyObject: [UInt8]

    /// Creates the inputs of a manifest.
    ///
    /// - Parameters:
    ///   - manifest: The manifest.
    ///   - everyObject: A text of the labels and annotations that every object gets.
    init(_ manifest: ManifestObject, _ everyObject: [UInt8]) {
        self.init(manifestDigest: Self.digest(ofManifest: manifest.root), everyObject)
    }

    init(manifestDigest: SHA256Digest, _ everyObject: [UInt8]) {
        (self.manifestDigest, self.everyObject) = (manifestDigest, everyObject)
    }

    /// The digest of the content of a manifest.
    static func digest(ofManifest root: Node) -> SHA256Digest { digest(of: [root.json()]) }

    /// The SHA-256 digest of the manifest and the whole object.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - hasStatusSubresource: Whether the kind has a status subresource; if not, an apply may change the status.
    /// - Returns: The digest.
    func digest(of object: Node, hasStatusSubresource: Bool) -> SHA256Digest {
        digest(with: Self.settled(object, hasStatusSubresource: hasStatusSubresource).json())
    }

    /// The SHA-256 digest of the manifest and the state of an object.
    func digest(ofMetadata metadata: ObjectMetadata) -> SHA256Digest { digest(with: metadata.state) }

    private func digest(with object: [UInt8]) -> SHA256Digest {
        Self.digest(of: [manifestDigest.bytes, everyObject, object])
    }

    private static func digest(of parts: [[UInt8]]) -> SHA256Digest {
        var digest = SHA256()
        for part in parts {
            // The length before each part makes the boundary between two parts unambiguous.
            digest.update(Array("\(part.count) ".utf8))
            digest.update(part)
        }
        return digest.finish()
    }

    /// Returns an object without times and without the fields that change together with its status subresource.
    private static func settled(_ object: Node, hasStatusSubresource: Bool) -> Node {
        guard var mapping = object.mapping else { return object }
        if hasStatusSubresource { mapping["status"] = nil }
        if let metadata = mapping["metadata"], var fields = metadata.mapping {
            fields["resourceVersion"] = nil
            if let managed = fields["managedFields"]?.sequence {
                let entries = managed.compactMap { settled(entry: $0, hasStatusSubresource: hasStatusSubresource) }
                fields["managedFields"] = .sequence(entries)
            }
            mapping["metadata"] = Node(.mapping(fields), location: metadata.location)
        }
        return Node(.mapping(mapping), location: object.location)
    }

    /// Returns an entry of managed fields without its time and status fields, `nil` if no other fields remain.
    ///
    /// Servers before 1.22 do not name the subresource of an entry, and keep one entry for all fields of a manager.
    private static func settled(entry: Node, hasStatusSubresource: Bool) -> Node? {
        guard var mapping = entry.mapping else { return entry }
        mapping["time"] = nil
        if hasStatusSubresource, let fields = mapping["fieldsV1"], var fieldSet = fields.mapping,
            fieldSet["f:status"] != nil
        {
            fieldSet["f:status"] = nil
            guard !fieldSet.entries.isEmpty else { return nil }
            mapping["fieldsV1"] = Node(.mapping(fieldSet), location: fields.location)
        }
        return Node(.mapping(mapping), location: entry.location)
    }
}
