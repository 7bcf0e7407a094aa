import Base
import YAML

/// The objects that a node has applied as members of a set, as the node itself has recorded them.
///
/// The label of a set does not make an object a member, because anyone who may change the object can add it. Objects that
/// the node has not recorded are deleted only if the parent lists them and no other manager has a part in their content.
public struct SetRecord: Sendable, Equatable {
    /// The kubeconfig with which the objects were applied.
    public var kubeconfig: String

    /// Whether Namespaces, CustomResourceDefinitions and PersistentVolumeClaims are deleted too.
    public var includesProtected: Bool

    var members: Set<MemberKey>

    /// Creates a record with the objects of an earlier one, if there is one.
    public init(kubeconfig: String, includesProtected: Bool, members earlier: Self? = nil) {
        self.kubeconfig = kubeconfig
        self.includesProtected = includesProtected
        members = earlier?.members ?? []
    }

    /// The recorded objects as text, in alphabetical order.
    public var objects: [String] { MemberKey.lines(members) }

    /// Returns the record with only those objects that a run has created.
    public func limited(to created: Set<ObjectIdentity>) -> Self {
        var record = self
        record.members.formIntersection(created.map { MemberKey($0) })
        return record
    }

    /// Reads a record from the value of ``json``, or returns `nil` if the text is not a record.
    public init?(json: [UInt8]) {
        guard let document = try? readJSON(json, file: "record of a set"), document["version"] == .number(1),
            let kubeconfig = document["kubeconfig"]?.string, let lines = document["objects"]?.sequence
        else { return nil }
        self.kubeconfig = kubeconfig
        includesProtected = document["includesProtected"]?.boolean == true
        members = Set(lines.compactMap { $0.string.flatMap { MemberKey(text: $0) } })
    }

    /// The record as JSON.
    public var json: [UInt8] {
        Node.mapping([
            ("version", .number(1)), ("kubeconfig", .string(kubeconfig)),
            ("includesProtected", .boolean(includesProtected)),
            ("objects", .sequence(objects.map { .string($0) })),
        ]).json()
    }
}
