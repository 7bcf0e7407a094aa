import Base
import YAML

/// The versions of tasks.
extension ObjectApplication {
    /// Refuses to change an object to which a newer version of the task has been applied.
    func checkVersion(of live: Node?) throws(APIError) {
        guard let live, let version = applier.managedMetadata.version else { return }
        if let refusal = version.refusal(of: live, at: .now()) { throw .outdated(refusal) }
    }

    /// The resource version with which an apply creates an object, and never changes one.
    ///
    /// The server compares the resource version only with that of an object that exists. No object has version 1, which
    /// belongs to an empty etcd.
    static let absentVersion = "1"

    /// Returns an object for a request that only creates, which may have no resource version and changes no object.
    static func withoutResourceVersion(_ root: Node) -> Node {
        FieldPath("metadata.resourceVersion").removed(from: root)
    }

    /// Whether the object is written only if it is as it was read.
    var isGuarded: Bool { applier.managedMetadata.version != nil || isOnlyCreated }

    /// Returns an object that the server stores only if the object on the server is still as it was read.
    ///
    /// Without this, a process that was suspended between reading and writing would write an older version over a newer
    /// one, and an object that is only created would be changed if another client has created it meanwhile. Other objects
    /// are returned as they are.
    ///
    /// - Parameters:
    ///   - root: The object.
    ///   - live: The object as it was read, `nil` if it did not exist.
    /// - Returns: The object as it is sent.
    func guarded(_ root: Node, over live: Node?) -> Node {
        guard isGuarded, !isDryRun else { return root }
        guard let live else { return withAbsentVersion(root) }
        return with(live["metadata"]?["resourceVersion"] ?? .null(), in: root)
    }

    /// Returns an object that the server stores only if it does not exist.
    func withAbsentVersion(_ root: Node) -> Node { with(.string(Self.absentVersion), in: root) }

    private func with(_ resourceVersion: Node, in root: Node) -> Node {
        guard var mapping = root.mapping, let metadata = mapping["metadata"], var fields = metadata.mapping else {
            return root
        }
        fields["resourceVersion"] = resourceVersion
        mapping["metadata"] = Node(.mapping(fields), location: metadata.location)
        return Node(.mapping(mapping), location: root.location)
    }
}
