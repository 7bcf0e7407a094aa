import Base
import YAML

/// Owners of objects.
extension ObjectApplication {
    /// Refuses to create an object whose owner the server does not have, because the server would delete it at once.
    ///
    /// The manifest of an object that was exported from another cluster may have such owners. The garbage collector
    /// compares the owner's `uid`: https://kubernetes.io/docs/concepts/architecture/garbage-collection/
    ///
    /// - Parameter namespace: The namespace of the object, in which its owner must be too unless it is in none.
    /// - Throws: ``APIError`` with the owner; an owner that cannot be read is not refused.
    func checkOwners(in namespace: String?) async throws(APIError) {
        for (index, owner) in (manifest.root["metadata"]?["ownerReferences"]?.sequence ?? []).enumerated() {
            guard let apiVersion = owner["apiVersion"]?.string, let kind = owner["kind"]?.string,
                let name = owner["name"]?.string, let uid = owner["uid"]?.string
            else { continue }
            let type = GroupVersionKind(apiVersion: apiVersion, kind: kind)
            let identity = ObjectIdentity(type: type, namespace: namespace, name: name)
            let found: Node?
            do throws(APIError) {
                found = try await client.find(identity, until: deadline)
            } catch {
                continue
            }
            guard found?["metadata"]?["uid"]?.string != uid else { continue }
            let status = ServerStatus(
                invalid: "metadata.ownerReferences[\(index)].uid",
                uid,
                because: "the server has no \(identity) with it, and \(ServerStatus.wouldDelete)"
            )
            throw .refused(APIError.Refusal(request: "GET \(identity)", status: status))
        }
    }
}
