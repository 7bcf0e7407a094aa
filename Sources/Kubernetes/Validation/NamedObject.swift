public import Base
import YAML

/// An object that a task only names, because it waits for it or deletes it.
public struct NamedObject: Sendable {
    private let manifest: ManifestObject

    /// Creates an object.
    ///
    /// - Parameters:
    ///   - identity: The object.
    ///   - location: Where the task names it.
    public init(_ identity: ObjectIdentity, at location: SourceLocation) {
        func text(_ value: String) -> Node { .string(value, location: location) }
        let namespace = identity.namespace.map { [("namespace", text($0))] } ?? []
        let root = Node.mapping(
            [
                ("apiVersion", text(identity.type.apiVersion)), ("kind", text(identity.type.kind)),
                ("metadata", .mapping([("name", text(identity.name))] + namespace, location: location)),
            ],
            location: location
        )
        manifest = ManifestObject(identity: identity, root: root, documentIndex: 1)
    }

    /// What is wrong with its name and namespace: no object can have them.
    public var nameProblems: [Problem] {
        // The name of a definition has to fit what the definition says, which is not known.
        manifest.identity.isCustomResourceDefinition ? [] : ObjectNames.problems(manifest).map(prefixed)
    }

    /// Finds what is wrong with its kind as far as it is known without asking a server.
    ///
    /// - Parameter definitions: The CustomResourceDefinitions of the plan.
    /// - Returns: The problems; none of a kind that is not known.
    public func kindProblems(_ definitions: CustomDefinitions) -> [Problem] {
        let type = manifest.identity.type
        let builtIn = RemovedAPI.api(of: type) == nil ? BuiltInKinds.problems(manifest) : []
        guard let near = definitions.nearKind(to: type) else { return builtIn.map(prefixed) }
        let message = "no manifest defines kind '\(type.kind)' in group '\(type.group)'"
        return [prefixed(Problem(message, at: manifest.location, hint: "did you mean '\(near)'?"))]
    }

    private func prefixed(_ problem: Problem) -> Problem {
        Problem("\(manifest.identity): \(problem.message)", at: problem.location, hint: problem.hint)
    }
}
