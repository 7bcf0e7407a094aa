import Base
import YAML

/// Values that the server's validation refuses.
extension Explanation {
    /// A refusal with status 422: one fault a cause, or one a field that may not change.
    func invalidFailure(_ status: ServerStatus) -> ObjectFailure {
        // Faults of the status are consequences of other faults.
        let own = status.causes.filter { !$0.field.hasPrefix("status") }
        let causes = withoutConsequences(Self.strictest(own.isEmpty ? status.causes : own))
        let faults = causes.flatMap { cause in
            if let oversized = oversized(cause) { return [oversized] }
            return Self.isImmutability(cause) ? immutable(cause) : [invalid(cause)]
        }
        return ObjectFailure(object: manifest.identity, cause: .invalid, faults: faults)
    }

    /// The causes without repetitions and, of several lists of values for one field, with the shortest one.
    ///
    /// A Deployment's `restartPolicy` is checked as that of any pod, and again as that of a Deployment.
    private static func strictest(_ causes: [ServerStatus.Cause]) -> [ServerStatus.Cause] {
        var result: [ServerStatus.Cause] = []
        for cause in causes {
            let isListed = cause.reason == "FieldValueNotSupported"
            let known = result.firstIndex { other in
                other.field == cause.field
                    && (other.message == cause.message || isListed && other.reason == cause.reason)
            }
            guard let known else {
                result.append(cause)
                continue
            }
            if cause.message.count < result[known].message.count { result[known] = cause }
        }
        return result
    }

    /// The causes without those of values that the server derived from a value with the same fault.
    ///
    /// A Service's `targetPort` is its `port` unless the manifest has one.
    private func withoutConsequences(_ causes: [ServerStatus.Cause]) -> [ServerStatus.Cause] {
        causes.filter { cause in
            let target = path(of: cause).resolve(in: manifest.root)
            guard target.node == nil, cause.reason == "FieldValueInvalid" else { return true }
            return !causes.contains { other in
                other.field != cause.field && other.message == cause.message
                    && path(of: other).resolve(in: manifest.root).node != nil
            }
        }
    }

    /// A field as the manifest names it.
    private func path(of cause: ServerStatus.Cause) -> FieldPath {
        var path = FieldPath(cause.field)
        // The server checks a definition whose versions share one schema in a form that has the schema in another place.
        let shared = "spec.validation."
        if manifest.identity.isCustomResourceDefinition, cause.field.hasPrefix(shared),
            manifest.root["spec"]?["validation"] == nil
        {
            path = FieldPath("spec.versions[0].schema." + cause.field.dropFirst(shared.count))
        }
        guard path.resolve(in: manifest.root).node == nil else { return path }
        let value = CauseText(cause.message).value
        return path.spellings(in: manifest.root).dropFirst().first { spelling in
            let node = spelling.resolve(in: manifest.root).node
            if cause.reason == "FieldValueRequired" { return node == nil }
            guard let value else { return node != nil }
            return node.map { Self.isSame($0, value) } ?? false
        } ?? path
    }

    /// Whether a node is the value that a message shows.
    private static func isSame(_ node: Node, _ shown: String) -> Bool {
        node.string == shown || String(decoding: node.json(), as: UTF8.self) == shown
    }

    private func invalid(_ cause: ServerStatus.Cause) -> ObjectFailure.Fault {
        let path = path(of: cause)
        let text = CauseText(cause.message)
        let target = path.resolve(in: manifest.root)
        guard cause.reason != "FieldValueRequired" else {
            return fault(
                at: target.location,
                "\(path.name) is required\(text.detail.isEmpty ? "" : ": \(text.detail)")",
                hint: (target.key ?? path.text.split(separator: ".").last.map(String.init)).map { "add '\($0):'" },
            )
        }
        if cause.reason == "FieldValueNotFound" {
            let name = (target.key ?? "name")
            return fault(
                at: target.location,
                "\(path.name) is \(shown(path, in: manifest.root)), which does not exist",
                hint: "declare it, or correct '\(name)'",
            )
        }
        if cause.reason == "FieldValueDuplicate", target.node != nil {
            let hint = "write another value, or remove one of the two"
            return fault(
                at: target.location,
                "\(path.name) repeats the value \(shown(path, in: manifest.root))",
                hint: hint
            )
        }
        let correction = Correction(text)
        // Labels and the like are checked one by one and reported at their mapping.
        if let shown = text.value, let entries = target.node?.mapping?.entries {
            let key = entries.first { $0.key == shown }
            if let entry = key ?? entries.first(where: { $0.value.string == shown }) {
                let subject = key == nil ? "field '\(path.text).\(entry.key)'" : "key '\(entry.key)' of \(path.name)"
                let value =
                    key == nil ? ": \(self.shown(FieldPath("\(path.text).\(entry.key)"), in: manifest.root))" : ""
                return fault(
                    at: entry.location,
                    "\(subject) is refused\(value): \(correction.detail)",
                    hint: correction.hint,
                )
            }
        }
        // What is wrong with a key is reported for the field with that key.
        let isKey = text.value.map { $0 == target.key && target.node?.string != $0 } ?? false
        if isKey {
            return fault(
                at: target.location,
                "key '\(target.key ?? "")' is refused: \(correction.detail)",
                hint: correction.hint,
            )
        }
        let isWhole = path.name == FieldPath("").name
        let value = isWhole ? "" : target.node.map { _ in ": \(shown(path, in: manifest.root))" } ?? ""
        return fault(
            at: target.location,
            "\(path.name) is refused\(value): \(correction.detail)",
            hint: correction.hint
        )
    }
}
