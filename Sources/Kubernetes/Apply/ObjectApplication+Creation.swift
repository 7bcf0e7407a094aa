import Base
import YAML

/// Objects that are created and then left to others.
extension ObjectApplication {
    /// Whether the manifest says that the object is created and never changed.
    var isOnlyCreated: Bool { ObjectAnnotation.apply.isSet(in: manifest.root) }

    /// Returns the result for an existing object that is left to others, `nil` if the manifest is applied to it.
    ///
    /// - Parameters:
    ///   - live: The object on the server, if it exists.
    ///   - identity: The object's identity on the server.
    ///   - change: The change of an earlier attempt without a response, which may have created the object.
    /// - Returns: The result, with a remark that says who leaves the object to others.
    func resultIfLeft(_ live: Node?, of identity: ObjectIdentity, _ change: ObjectResult.Change?) -> Result? {
        let annotation = ObjectAnnotation.apply
        guard let live, isOnlyCreated || annotation.isSet(in: live) else { return nil }
        if let change { return Result(identity: identity, effect: ObjectResult(change), object: live) }
        let setting = "'\(annotation.key): \(annotation.value)'"
        let note =
            isOnlyCreated
            ? "left to others (its manifest has the annotation \(setting))"
            : "left to others (it has the annotation \(setting), which its manifest does not have); to apply the manifest "
                + "again: 'kubectl annotate \(identity.kubectlArguments) \(annotation.key)-'"
        return Result(identity: identity, effect: ObjectResult(.unchanged, notes: [note]), object: live)
    }
}

extension ObjectIdentity {
    /// The arguments with which `kubectl` names the object, such as `job.batch a -n default`.
    var kubectlArguments: String {
        "\(DefinedKind(type).text.lowercased()) \(name)" + (namespace.map { " -n \($0)" } ?? "")
    }
}
