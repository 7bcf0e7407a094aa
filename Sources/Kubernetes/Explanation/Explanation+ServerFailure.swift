import Base
import YAML

/// Failures of what the API server depends on: other servers, webhooks of definitions, and etcd.
extension Explanation {
    /// Explains a failure of the server by what the server depends on, or returns `nil` if the cause is not seen.
    func serverFailure(_ status: ServerStatus) async -> ObjectFailure? {
        if let failure = conversionFailure(status) { return failure }
        if let failure = await patchFailure(status) { return failure }
        if status.message.contains("database space exceeded") {
            return failure(
                "etcd has reached its quota and rejects writes",
                hint: "compact and defragment it, then run 'etcdctl alarm disarm', or raise '--quota-backend-bytes'",
                code: .serverError
            )
        }
        return status.code == 503 ? await unavailableService(status) : nil
    }

    private func failure(
        at location: SourceLocation? = nil,
        _ message: String,
        hint: String,
        code: ProblemCode
    ) -> ObjectFailure {
        let common = ObjectFailure.Common(message: message, hint: hint)
        let fault = fault(at: location, message, hint: hint, common: common, code: code)
        return ObjectFailure(object: manifest.identity, cause: .other, faults: [fault])
    }

    /// Explains that objects of a definition cannot be converted to another version.
    ///
    /// A message is for example `conversion webhook for example.test/v2, Kind=Gizmo failed: Post "https://…": …`.
    private func conversionFailure(_ status: ServerStatus) -> ObjectFailure? {
        let pattern = /conversion webhook for ([^,]+), Kind=(\w+) (failed: .*|returned .*)/
        guard let match = status.message.firstMatch(of: pattern) else { return nil }
        let answer = match.3.replacing(#/^failed: /#, with: "")
        let reason = answer.replacing(#/^Post "[^"]*": /#, with: "")
        let hasAnswered = reason == answer
        return failure(
            "the conversion webhook of kind '\(match.2)' in '\(match.1)' \(hasAnswered ? "has failed" : "cannot be asked"): \(reason)",
            hint: hasAnswered
                ? "correct its server, or apply the object in the version that the CustomResourceDefinition stores"
                : "start its server, or correct 'spec.conversion' of the CustomResourceDefinition",
            code: .webhookUnavailable
        )
    }

    /// Explains that a mutating webhook has answered with a patch that does not fit the object.
    private func patchFailure(_ status: ServerStatus) async -> ObjectFailure? {
        let pattern = /(?:add|remove|replace|move|copy|test) operation does not apply: doc is missing .*/
        guard let match = status.message.firstMatch(of: pattern) else { return nil }
        let type = manifest.identity.type
        let resource = try? await client.catalog.resource(of: type, on: client, until: explanationDeadline)
        let search = WebhookSearch(client: client, deadline: explanationDeadline)
        var webhook: String?
        if let resource { webhook = await search.onlyMutating(group: type.group, plural: resource.plural) }
        let patch = PatchFault(String(match.0))
        return failure(
            at: patch?.location(in: manifest),
            "\(webhook ?? "a mutating webhook") has answered with a patch that does not fit the object: \(match.0)",
            hint: webhook.map { "correct \($0), or write the part of the object that it expects" }
                ?? "correct that webhook: 'kubectl get mutatingwebhookconfigurations' lists them",
            code: .webhookUnavailable
        )
    }

    /// Explains that the server of an aggregated API does not answer, with what its APIService says.
    private func unavailableService(_ status: ServerStatus) async -> ObjectFailure? {
        let type = manifest.identity.type
        guard !type.isBuiltIn else { return nil }
        let name = "\(type.version).\(type.group)"
        let path = "/apis/apiregistration.k8s.io/v1/apiservices/\(name)"
        // The object's own deadline has often passed; this request may delay the task's message slightly.
        let deadline = max(deadline, .now + .milliseconds(200))
        guard let found = try? await client.find(path, isPaced: false, until: deadline),
            found["spec"]?["service"] != nil,
            let condition = found["status"]?["conditions"]?.sequence?.first(where: { $0["type"]?.string == "Available" }
            ),
            condition["status"]?.string != "True"
        else { return nil }
        let reason = [condition["reason"]?.string, condition["message"]?.string].compactMap(\.self).joined(
            separator: ": "
        )
        return failure(
            "its API is served by APIService '\(name)', which is not available (\(reason))",
            hint: "start the server of that APIService, or delete it if it is not needed",
            code: .serverError
        )
    }
}
