import Base
import TLS

/// The node's record of the members that it has applied.
extension Pruner {
    /// The digest of the task's manifests, regardless of their order.
    public static func digest(of manifests: [ManifestObject]) -> String {
        sha256(Array(manifests.map { ApplyInputs.digest(ofManifest: $0.root).description }.sorted().joined().utf8))
    }

    /// Adds the objects of the manifests to a record, before they are applied.
    public func add(to record: inout SetRecord) async {
        record.members.formUnion(await manifestIdentities().map(MemberKey.init))
    }

    /// Reduces a record to the objects of the manifests and the members that remain, after the deletions.
    public func reduce(_ record: inout SetRecord, to obsolete: Obsolete) async {
        record.members = Set(await manifestIdentities().map(MemberKey.init)).union(obsolete.remaining)
    }
}
