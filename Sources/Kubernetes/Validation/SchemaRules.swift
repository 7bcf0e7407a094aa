import YAML

/// Which rules of a schema apply.
extension SchemaCheck {
    /// What is checked in addition to the types of values.
    enum Rules: Equatable {
        /// Unknown fields.
        case types
        /// Unknown fields and the values of enumerations, which is what a built-in kind's schema is reliable for.
        case enumerations
        /// All that a CustomResourceDefinition can say, except rules in CEL.
        case customResource(keepsUnknown: Bool, hasStatusSubresource: Bool)
        /// The same for a part of a schema that only adds conditions.
        case alternative

        /// Whether every condition is checked.
        var isCustomResource: Bool {
            switch self {
            case .types, .enumerations: false
            case .customResource, .alternative: true
            }
        }

        /// Whether a field is a fault that the schema does not have.
        var refusesUnknownFields: Bool {
            switch self {
            case .types, .enumerations: true
            case .customResource(let keepsUnknown, _): !keepsUnknown
            case .alternative: false
            }
        }
    }

    /// Whether a field of a custom resource is not checked against its schema: what every object has.
    func isSkipped(_ key: String, _ schema: Schema, at path: String) -> Bool {
        guard rules.isCustomResource else { return false }
        let isObject = path.isEmpty || schema.isEmbeddedObject
        if isObject, ["apiVersion", "kind", "metadata"].contains(key) { return true }
        // The server ignores a status in the object if it has a resource of its own.
        if case .customResource(_, true) = rules { return path.isEmpty && key == "status" }
        return false
    }
}
