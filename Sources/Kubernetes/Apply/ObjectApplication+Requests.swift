import HTTP
import YAML

/// The requests that apply an object.
extension ObjectApplication {
    /// Applies the object in a dry run without force; returns `nil` if an admission webhook does not support dry runs.
    func dryRunApply(
        _ body: Node,
        at path: ObjectPath,
    ) async throws(APIError) -> (node: Node, response: HTTPResponse)? {
        do {
            let reply = try await send(body, to: path, isDryRun: true, isForced: false)
            // A run reports the warnings of what it writes, and repeats none for an unchanged object.
            if isDryRun { reportWarnings(of: reply.response) }
            return reply
        } catch .refused(let refusal)
            where !isDryRun && refusal.code == 400 && refusal.message.contains("dry run")
        {
            return nil
        }
    }

    /// Sends the object by server-side apply, or by create or merge if the server does not support apply for its kind.
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

    /// Creates the object, or merges it into the existing object; fields removed from the manifest stay.
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
            body: (exists ? body : Self.withoutResourceVersion(body)).json(),
            contentType: exists ? "application/merge-patch+json" : "application/json",
            as: path.expected,
            until: deadline,
        )
    }
}
