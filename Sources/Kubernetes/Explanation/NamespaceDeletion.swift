import Base
import YAML

/// The reasons why the deletion of a namespace does not finish.
struct NamespaceDeletion {
    /// The messages of the conditions that report a failure, the root cause first.
    let words: String
    /// The remedy.
    let hint: String

    /// The conditions of a namespace that is being deleted, in the order in which one leads to the next.
    private static let conditions = [
        "NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure", "NamespaceContentRemaining", "NamespaceFinalizersRemaining",
    ]

    private static let namespace = GroupVersionKind(apiVersion: "v1", kind: "Namespace")

    /// Reads the reasons.
    ///
    /// - Parameters:
    ///   - name: The namespace.
    ///   - client: The server.
    ///   - deadline: The instant after which requests are given up.
    /// - Returns: `nil` if the namespace reports no failure, or cannot be read in time.
    static func read(_ name: String, on client: APIClient, until deadline: ContinuousClock.Instant) async -> Self? {
        let path = "/api/v1/namespaces/\(APIClient.percentEncoded(name))"
        guard let live = try? await client.object("GET", path, until: deadline).node else { return nil }
        var service: (name: String, words: String)?
        for candidate in services(failingIn: live) where service == nil {
            let path = "/apis/\(APIServiceSupport.group)/v1/apiservices/\(APIClient.percentEncoded(candidate))"
            let type = GroupVersionKind(group: APIServiceSupport.group, version: "v1", kind: "APIService")
            guard let object = try? await client.object("GET", path, until: deadline).node,
                let available = LiveObject(object, type: type, now: .now()).condition("Available"),
                available.status != "True"
            else { continue }
            service = (candidate, available.words.shortLine)
        }
        return Self(of: live, name: name, unavailable: service)
    }

    /// Creates the reasons from the conditions of a namespace and the APIService that is not available.
    init?(of live: Node, name: String, unavailable service: (name: String, words: String)?) {
        let status = LiveObject(live, type: Self.namespace, now: .now())
        let failing = Self.conditions.compactMap(status.condition).filter { $0.status == "True" }
        guard !failing.isEmpty else { return nil }
        let reasons = failing.map(\.message.onOneLine).filter { !$0.isEmpty }
        let cause = service.map { "APIService '\($0.name)' is not available: \($0.words)" }
        words = ([cause].compactMap(\.self) + reasons).joined(separator: "; ").shortLine
        hint =
            if let service {
                "make its server answer, or delete it if it is gone for good: 'kubectl delete apiservice \(service.name)'"
            } else if let resource = Self.remaining(in: failing) {
                "let the controllers that set these finalizers finish; see the objects: 'kubectl get \(resource) -n \(name)'"
            } else {
                "see the log of kube-controller-manager, which deletes what is in the namespace"
            }
    }

    /// Returns the names of the APIServices of the groups and versions that discovery failed for.
    private static func services(failingIn live: Node) -> [String] {
        let message = LiveObject(live, type: namespace, now: .now()).condition(conditions[0])?.message ?? ""
        return message.matches(of: /([a-z0-9][a-z0-9.\-]*)\/(v[0-9][a-z0-9]*)/).map { "\($0.2).\($0.1)" }.unique()
    }

    /// Returns the resources that remain, as arguments of a command.
    private static func remaining(in failing: [LiveObject.Condition]) -> String? {
        let message = failing.first { $0.type == "NamespaceContentRemaining" }?.message ?? ""
        let resources = message.matches(of: /([a-z0-9.\-]+) has \d+ resource instances/).map { match in
            // A resource of the core group ends with a dot.
            String(match.1.hasSuffix(".") ? match.1.dropLast() : match.1)
        }
        return resources.isEmpty ? nil : resources.unique().joined(separator: ",")
    }
}
