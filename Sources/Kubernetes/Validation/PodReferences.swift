public import Base
import YAML

/// Checks of the labels and port names by which objects refer to pods, across all manifests of a plan.
///
/// The server accepts a selector that selects nothing and a probe of a port that no container has, although neither
/// works. Pods may also be created outside the plan, so findings are only warnings, and only about names that look
/// misspelt.
public struct PodReferences {
    /// The pods of a workload.
    private struct Pods {
        var namespace: String
        var labels: [String: String]
        var ports: Set<String>
    }

    /// A selector of pods by their labels.
    private struct Selection {
        /// The object and, if the selector is in a pod's spec, the field of the selector.
        var subject: String
        var namespace: String
        var labels: [(key: String, value: String, location: SourceLocation)]
        var ports: [(name: String, location: SourceLocation)]
    }

    private var pods: [Pods] = []
    private var selections: [Selection] = []
    private var ownWarnings: [Problem] = []

    /// Creates an empty collection.
    public init() {}

    public mutating func add(_ manifest: ManifestObject, defaultNamespace: String) {
        let namespace = manifest.identity.namespace ?? defaultNamespace
        let spec = manifest.root["spec"]
        func select(_ selector: Node?, _ field: String? = nil, ports: [(name: String, location: SourceLocation)] = []) {
            guard let entries = selector?.mapping?.entries, !entries.isEmpty else { return }
            let labels = entries.compactMap { entry in
                entry.value.string.map { (key: entry.key, value: $0, location: entry.location) }
            }
            guard labels.count == entries.count else { return }
            let subject = "\(manifest.identity)" + (field.map { ": '\($0)'" } ?? "")
            selections.append(Selection(subject: subject, namespace: namespace, labels: labels, ports: ports))
        }
        if let template = PodTemplate(manifest) {
            let containers = template.containers
            let ports = containers.flatMap { Self.portNames(of: $0.node) }
            let labels = (template.labels?.mapping?.entries ?? []).compactMap { entry in
                entry.value.string.map { (entry.key, $0) }
            }
            let known = Dictionary(labels) { first, _ in first }
            pods.append(Pods(namespace: namespace, labels: known, ports: Set(ports)))
            for container in containers { ownWarnings += Self.probeWarnings(container, manifest.identity) }
            for (field, selector) in Self.selectors(of: template.spec) { select(selector["matchLabels"], field) }
        }
        switch (manifest.identity.type.group, manifest.identity.type.kind) {
        case ("", "Service"):
            let ports = (spec?["ports"]?.sequence ?? []).compactMap { port in
                port["targetPort"].flatMap { target in
                    Self.portName(target).map { (name: $0, location: target.location) }
                }
            }
            select(spec?["selector"], ports: ports)
        case ("policy", "PodDisruptionBudget"): select(spec?["selector"]?["matchLabels"])
        case ("networking.k8s.io", "NetworkPolicy"): select(spec?["podSelector"]?["matchLabels"])
        default: break
        }
    }

    /// A warning for each misspelt name that matches nothing in the manifests.
    public var warnings: [Problem] { ownWarnings + selections.flatMap(warnings) }

    private func warnings(about selection: Selection) -> [Problem] {
        let near = pods.filter { $0.namespace == selection.namespace }
        let selected = near.filter { pods in selection.labels.allSatisfy { pods.labels[$0.key] == $0.value } }
        guard selected.isEmpty else {
            let ports = selected.reduce(into: Set<String>()) { $0.formUnion($1.ports) }
            return selection.ports.filter { !ports.contains($0.name) }.map { port in
                Problem(
                    .danglingReference,
                    "\(selection.subject): the pods that it selects have no port '\(port.name)'",
                    at: port.location,
                    hint: Self.hint(for: port.name, in: ports)
                )
            }
        }
        for label in selection.labels {
            // If pods match all labels except one, the value or the key of that label is probably misspelt.
            let similar = near.filter { pods in
                selection.labels.allSatisfy { $0.key == label.key || pods.labels[$0.key] == $0.value }
            }
            let values = similar.compactMap { $0.labels[label.key] }
            // Values that differ only in digits, such as members of a StatefulSet, are not misspelt.
            let others = values.filter { Self.withoutDigits($0) != Self.withoutDigits(label.value) }
            guard !values.contains(label.value) else { continue }
            let keys = similar.filter { $0.labels[label.key] == nil }.flatMap { pods in
                pods.labels.filter { $0.value == label.value }.map(\.key)
            }
            let meant =
                nearestName(to: label.value, in: others).map { "\(label.key): \($0)" }
                ?? Self.nearestKey(to: label.key, in: keys).map { "\($0): \(label.value)" }
            guard let meant else { continue }
            return [
                Problem(
                    .danglingReference,
                    "\(selection.subject) selects no pods of these manifests: none has label '\(label.key): \(label.value)'",
                    at: label.location,
                    hint: "did you mean '\(meant)'?"
                )
            ]
        }
        return []
    }

    /// Returns the selectors in a pod's spec that select pods in the same namespace, each with its field.
    private static func selectors(of spec: Node) -> [(field: String, selector: Node)] {
        let spreading = (spec["topologySpreadConstraints"]?.sequence ?? []).compactMap { $0["labelSelector"] }
        return spreading.map { ("topologySpreadConstraints", $0) }
            + ["podAffinity", "podAntiAffinity"].flatMap { field in
                let affinity = spec["affinity"]?[field]
                let required = affinity?["requiredDuringSchedulingIgnoredDuringExecution"]?.sequence ?? []
                let preferred = affinity?["preferredDuringSchedulingIgnoredDuringExecution"]?.sequence ?? []
                let terms = required + preferred.compactMap { $0["podAffinityTerm"] }
                // A term may name other namespaces.
                return terms.filter { $0["namespaces"] == nil && $0["namespaceSelector"] == nil }
                    .compactMap { $0["labelSelector"] }.map { (field, $0) }
            }
    }

    /// Returns warnings about a container's probes and hooks that name a port the container does not have.
    private static func probeWarnings(_ container: (path: String, node: Node), _ object: ObjectIdentity) -> [Problem] {
        let ports = Set(portNames(of: container.node))
        let probes = ["livenessProbe", "readinessProbe", "startupProbe"].map { (name: $0, node: container.node[$0]) }
        let hooks = ["postStart", "preStop"].map { (name: $0, node: container.node["lifecycle"]?[$0]) }
        return (probes + hooks).flatMap { handler in
            ["httpGet", "tcpSocket"].compactMap { action -> Problem? in
                guard let port = handler.node?[action]?["port"], let name = portName(port), !ports.contains(name) else {
                    return nil
                }
                return Problem(
                    .danglingReference,
                    "\(object): '\(handler.name)' uses port '\(name)', but the container has no port of that name",
                    at: port.location,
                    hint: hint(for: name, in: ports)
                )
            }
        }
    }

    private static func hint(for name: String, in ports: Set<String>) -> String {
        if let near = nearestName(to: name, in: ports.sorted()) { return "did you mean '\(near)'?" }
        return ports.isEmpty
            ? "name a port of the container '\(name)', or write its number"
            : "there is \(shortList(ports.sorted().map { "'\($0)'" }))"
    }

    /// Returns the name of a port, or `nil` for a number.
    private static func portName(_ port: Node) -> String? {
        port.string.flatMap { $0.allSatisfy(\.isWholeNumber) ? nil : $0 }
    }

    /// Returns the label key that has the same prefix as a given key and a name that differs in only a few characters.
    private static func nearestKey(to key: String, in keys: [String]) -> String? {
        func split(_ key: String) -> (prefix: Substring, name: String) {
            let parts = key.split(separator: "/", maxSplits: 1)
            return parts.count == 2 ? (parts[0], String(parts[1])) : ("", key)
        }
        let (prefix, name) = split(key)
        let others = keys.filter { split($0).prefix == prefix && withoutDigits($0) != withoutDigits(key) }
        guard let near = nearestName(to: name, in: others.map { split($0).name }.sorted()) else { return nil }
        return others.first { split($0).name == near }
    }

    private static func withoutDigits(_ text: String) -> String { text.filter { !$0.isWholeNumber } }

    private static func portNames(of container: Node) -> [String] {
        (container["ports"]?.sequence ?? []).compactMap { $0["name"]?.string }
    }
}
