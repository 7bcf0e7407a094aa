import Base

/// The object that a response must contain.
///
/// A proxy in front of the API server may send status 200 with any content, which must not count as success.
struct ExpectedObject {
    private let identity: ObjectIdentity
    private let uid: String?
    private let isStored: Bool

    /// Creates the expectation; the identity must include the namespace if the kind is namespaced.
    ///
    /// If `uid` is not `nil`, the object must not have another UID. If `isStored` is true, the object must have a UID:
    /// the server gives one to every object that it stores, even in a dry run.
    init(_ identity: ObjectIdentity, uid: String? = nil, isStored: Bool = false) {
        (self.identity, self.uid, self.isStored) = (identity, uid, isStored)
    }

    /// Describes how an object differs from the expected object; returns `nil` if it matches.
    func mismatch(of object: Node) -> String? {
        let metadata = object["metadata"]
        let apiVersion = object["apiVersion"]
        // The server may return the object in another version of the same group.
        let group = apiVersion?.string.map { GroupVersionKind(apiVersion: $0, kind: "").group }
        var fields = [("kind", identity.type.kind, object["kind"])]
        if group != identity.type.group { fields.append(("apiVersion", identity.type.apiVersion, apiVersion)) }
        fields.append(("metadata.name", identity.name, metadata?["name"]))
        fields.append(("metadata.namespace", identity.namespace ?? "", metadata?["namespace"]))
        let found = metadata?["uid"]
        if let uid, found != nil { fields.append(("metadata.uid", uid, found)) }
        if let difference = ForeignReply.difference(fields) { return difference }
        guard isStored, found?.string ?? "" == "" else { return nil }
        return "an object that is not stored: metadata.uid is missing"
    }
}

/// The path of an object, and its identity on the server.
struct ObjectPath {
    let text: String
    /// The path of the collection that contains the object.
    let collection: String
    let identity: ObjectIdentity
    /// Whether an apply leaves the status unchanged, because the kind has a status subresource.
    let hasStatusSubresource: Bool
    /// The object's UID, `nil` until the object has been read.
    var uid: String?

    /// Creates the path of an object; the identity must include the namespace if the kind is namespaced.
    init(_ resource: APIResource, of identity: ObjectIdentity) {
        collection = resource.collectionPath(of: identity.type, namespace: identity.namespace)
        text = "\(collection)/\(APIClient.percentEncoded(identity.name))"
        hasStatusSubresource = resource.hasStatusSubresource
        self.identity = identity
    }

    /// The object that the response to a change must contain.
    var expected: ExpectedObject { ExpectedObject(identity, uid: uid, isStored: true) }
}
