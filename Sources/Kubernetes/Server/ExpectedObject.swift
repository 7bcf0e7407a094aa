import HTTP
import YAML

/// The object that a reply must be about.
///
/// What is between the node and the API server may answer 200 with anything; that must not count as success.
struct ExpectedObject {
    private let identity: ObjectIdentity
    private let uid: String?

    /// Creates the expectation of an object.
    ///
    /// - Parameters:
    ///   - identity: The object, with its namespace if its kind has namespaces.
    ///   - uid: The object's UID, if it has been read before.
    init(_ identity: ObjectIdentity, uid: String? = nil) {
        self.identity = identity
        self.uid = uid
    }

    /// How an object differs from the expected one, `nil` if it is that one.
    func difference(from object: Node) -> String? {
        let metadata = object["metadata"]
        let apiVersion = object["apiVersion"]
        // The server may answer in another version of the same group.
        let group = apiVersion?.string.map { GroupVersionKind(apiVersion: $0, kind: "").group }
        var fields = [("kind", identity.type.kind, object["kind"])]
        if group != identity.type.group { fields.append(("apiVersion", identity.type.apiVersion, apiVersion)) }
        fields.append(("metadata.name", identity.name, metadata?["name"]))
        fields.append(("metadata.namespace", identity.namespace ?? "", metadata?["namespace"]))
        if let uid { fields.append(("metadata.uid", uid, metadata?["uid"])) }
        let differences = fields.compactMap { field, expected, value -> String? in
            if value?.string ?? "" == expected { return nil }
            let shown = value.map { $0.string.map { "'\($0)'" } ?? $0.kindName } ?? "missing"
            return "\(field) is \(shown), not '\(expected)'"
        }
        return differences.isEmpty ? nil : differences.joined(separator: ", ")
    }
}

/// The path of an object, with what a reply about it must be.
struct ObjectPath {
    let text: String
    let identity: ObjectIdentity
    /// The object's UID, once it has been read.
    var uid: String?

    /// Creates the path of an object, which has its namespace if its kind has namespaces.
    init(_ text: String, of identity: ObjectIdentity) {
        self.text = text
        self.identity = identity
    }

    /// What a reply must be.
    var expected: ExpectedObject { ExpectedObject(identity, uid: uid) }
}

extension APIClient {
    /// The message about a reply that is another object than the one asked for, with who may have sent it.
    static func words(for difference: String, _ method: String, _ address: String, _ response: HTTPResponse) -> String {
        let names = ["server", "via"].flatMap { response.values(of: $0) }
        let sender = names.isEmpty ? "" : " ('\(names.joined(separator: ", "))')"
        return "'\(address)' answered \(response.status) to \(method) with another object: \(difference); "
            + "is there a proxy or load balancer\(sender) in front of the API server?"
    }
}
