import Base
import HTTP
import YAML

/// The requests that apply an object.
extension ObjectApplication {
    /// Asks what the object would become without force, `nil` if an admission webhook does not support dry runs.
    func dryRunApply(
        _ body: Node,
        at path: ObjectPath,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse)? {
        do {
            let reply = try await send(body, to: path, isDryRun: true, isForced: false)
            reportWarnings(of: reply.response)
            return reply
        } catch .refused(let refusal)
            where !isDryRun && refusal.code == 400 && refusal.message.contains("dry run")
        {
            return nil
        }
    }

    /// Sends the object by server-side apply, or as servers take it that do not have that for its kind.
    func send(
        _ body: Node,
        to path: ObjectPath,
        isDryRun: Bool,
        isForced: Bool,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        var query = [("fieldManager", ManagedMetadata.manager), ("fieldValidation", "Strict")]
        if isDryRun { query.append(("dryRun", "All")) }
        let isAggregated = path.identity.type.group == "apiregistration.k8s.io"
        if isAggregated, await client.aggregator.cannotApply(on: client, until: deadline) {
            return try await merge(body, into: path, query)
        }
        do throws(APIError) {
            return try await client.object(
                "PATCH",
                path.text,
                query: query + (isForced ? [("force", "true")] : []),
                body: body.json(),
                as: path.expected,
                until: deadline,
            )
        } catch .transport(let error) where isAggregated && error.message.contains("INTERNAL_ERROR") {
            client.aggregator.recordFailure()
            return try await merge(body, into: path, query)
        }
    }

    /// Creates the object, or merges it into the one that exists; a field that is no longer described stays.
    private func merge(
        _ body: Node,
        into path: ObjectPath,
        _ query: [(String, String)]
    ) async throws(APIError) -> (node: Node, response: HTTPResponse) {
        let exists = path.uid != nil
        return try await client.object(
            exists ? "PATCH" : "POST",
            exists ? path.text : path.collection,
            query: query,
            body: body.json(),
            contentType: exists ? "application/merge-patch+json" : "application/json",
            as: path.expected,
            until: deadline,
        )
    }
}

/// Whether the aggregator of a server, which has kind `APIService`, has server-side apply.
///
/// That of 1.20 panics: `FieldManager must be installed to run apply`.
final class Aggregator: Sendable {
    private let answer = Locked<Bool?>(nil)

    /// The last version whose aggregator is known to have none.
    private static let lastWithoutApply = KubernetesVersion(minor: 20)

    /// Returns whether it cannot apply, as its version says or a request has shown.
    func cannotApply(on client: APIClient, until deadline: ContinuousClock.Instant) async -> Bool {
        if let known = answer.withLock({ $0 }) { return known }
        guard let version = try? await client.object("GET", "/version", until: deadline).node["gitVersion"]?.string
        else { return false }
        let cannotApply = KubernetesVersion(version).map { $0 <= Self.lastWithoutApply } ?? false
        answer.withLock { $0 = $0 ?? cannotApply }
        return cannotApply
    }

    /// Records that a request has made the server panic.
    func recordFailure() { answer.withLock { $0 = true } }
}
