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
        let isAPIService = path.identity.type.group == APIServiceSupport.group
        if isAPIService, await client.apiServices.cannotBeApplied(on: client, until: deadline) {
            return try await merge(body, into: path, query)
        }
        return try await client.object(
            "PATCH",
            path.text,
            query: query + (isForced ? [("force", "true")] : []),
            body: body.json(),
            as: path.expected,
            until: deadline,
        )
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
