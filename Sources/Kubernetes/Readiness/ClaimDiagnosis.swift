import Base
import YAML

/// The reason why a PersistentVolumeClaim has no volume, from its StorageClass.
struct ClaimDiagnosis {
    let client: APIClient
    /// The common deadline of all requests.
    let deadline: ContinuousClock.Instant

    private static let classes = "/apis/storage.k8s.io/v1/storageclasses"

    /// Finds the reason.
    ///
    /// - Parameters:
    ///   - claim: The claim.
    ///   - pods: The pods of its namespace.
    /// - Returns: `nil` if the StorageClass is not the reason or cannot be read.
    func cause(of claim: Node, pods: [Node]) async -> ReadinessCause? {
        // An empty name asks for a volume that an administrator has created.
        guard let name = claim["spec"]?["storageClassName"]?.string else {
            return ReadinessCause(
                words: "it names no StorageClass, and none is the default",
                hint: "write 'storageClassName', or make a StorageClass the default",
            )
        }
        guard !name.isEmpty else { return nil }
        do throws(APIError) {
            let path = "\(Self.classes)/\(APIClient.percentEncoded(name))"
            let storageClass = try await client.object("GET", path, until: deadline).node
            let claimName = claim["metadata"]?["name"]?.string
            guard storageClass["volumeBindingMode"]?.string == "WaitForFirstConsumer",
                !pods.contains(where: { Self.uses($0, claimName) })
            else { return nil }
            return ReadinessCause(
                words: "no Pod uses it, and StorageClass '\(name)' provides a volume only for a Pod "
                    + "(volumeBindingMode: WaitForFirstConsumer)",
                hint: "wait for the workload that uses it instead",
            )
        } catch .refused(let refusal) where refusal.code == 404 && !refusal.status.isUnknownResource {
            let names = await client.names(at: Self.classes, until: deadline)
            let near = nearestName(to: name, in: names)
            return ReadinessCause(
                words: "StorageClass '\(name)' does not exist",
                hint: near.map { "did you mean 'storageClassName: \($0)'?" }
                    ?? "create the StorageClass, or correct 'storageClassName'",
            )
        } catch {
            return nil
        }
    }

    /// Returns whether a pod mounts a claim.
    static func uses(_ pod: Node, _ claim: String?) -> Bool {
        (pod["spec"]?["volumes"]?.sequence ?? []).contains { volume in
            volume["persistentVolumeClaim"]?["claimName"]?.string == claim
        }
    }
}

extension APIClient {
    /// Returns the names of the objects of a collection, empty if they cannot be listed in time.
    func names(at collection: String, until deadline: ContinuousClock.Instant) async -> [String] {
        let list = try? await object("GET", collection, query: [("limit", "500")], until: deadline).node
        return (list?["items"]?.sequence ?? []).compactMap { $0["metadata"]?["name"]?.string }
    }

    /// Returns whether a namespace does not exist, and the name of a similar one.
    ///
    /// - Returns: `nil` if the namespace exists or cannot be read in time.
    func missing(
        namespace: String,
        until deadline: ContinuousClock.Instant
    ) async -> (words: String, near: String?)? {
        do throws(APIError) {
            _ = try await object("GET", "/api/v1/namespaces/\(Self.percentEncoded(namespace))", until: deadline)
            return nil
        } catch .refused(let refusal) where refusal.code == 404 && refusal.status.reason == "NotFound" {
            let names = await names(at: "/api/v1/namespaces", until: deadline)
            return ("namespace '\(namespace)' does not exist", nearestName(to: namespace, in: names))
        } catch {
            return nil
        }
    }
}
