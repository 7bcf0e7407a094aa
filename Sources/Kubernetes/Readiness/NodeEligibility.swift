import Base
import YAML

/// The nodes of a cluster that have the labels that pods require.
struct NodeEligibility {
    /// The nodes with their labels.
    private let nodes: [(name: String, labels: Node?, node: Node)]
    /// The required labels.
    private let wanted: [(key: String, value: String)]

    /// Compares nodes with the `nodeSelector` of a workload.
    init(of nodes: [Node], for workload: Node) {
        self.nodes = nodes.map { ($0["metadata"]?["name"]?.string ?? "", $0["metadata"]?["labels"], $0) }
        let selector = workload["spec"]?["template"]?["spec"]?["nodeSelector"]?.mapping?.entries ?? []
        wanted = selector.map { ($0.key, $0.value.string ?? "") }
    }

    /// A required label that no node has, with the label that is probably meant.
    private struct Mismatch {
        var key: String
        var value: String
        /// A node's label that differs from it only in spelling.
        var near: (node: String, key: String, value: String)?
        /// The other values that nodes have for the key.
        var others: [String]
    }

    /// The nodes with all required labels.
    private var matching: [Node] {
        nodes.filter { node in wanted.allSatisfy { node.labels?[$0.key]?.string == $0.value } }.map(\.node)
    }

    /// The cause for which no node can run the pods, or `nil` if labels are not the cause.
    var mismatch: ReadinessCause? {
        guard matching.isEmpty, !wanted.isEmpty else { return nil }
        let mismatches = wanted.filter { label in !nodes.contains { $0.labels?[label.key]?.string == label.value } }
            .map { mismatch(of: $0) }
        let named =
            mismatches.isEmpty
            ? wanted.map { "\($0.key)=\($0.value)" } : mismatches.map { "\($0.key)=\($0.value)" }
        let all = named.count > 1 && mismatches.isEmpty ? "all of labels" : named.count > 1 ? "labels" : "label"
        let first = mismatches.first { $0.near != nil } ?? mismatches.first
        let found = first.flatMap { mismatch in
            if let near = mismatch.near { return "node '\(near.node)' has '\(near.key)=\(near.value)'" }
            let others = mismatch.others.map { "'\(mismatch.key)=\($0)'" }
            return others.isEmpty ? nil : "there is \(shortList(others))"
        }
        return ReadinessCause(
            words: "none with \(all) '\(named.joined(separator: ","))'" + (found.map { ": \($0)" } ?? ""),
            podField: "nodeSelector" + (first.map { ".\($0.key)" } ?? ""),
            hint: hint(mismatches, near: first?.near.map { "\($0.key): \($0.value)" }),
        )
    }

    private func mismatch(of label: (key: String, value: String)) -> Mismatch {
        let others = nodes.compactMap { $0.labels?[label.key]?.string }.unique().sorted()
        let keys = nodes.flatMap { $0.labels?.mapping?.entries.map(\.key) ?? [] }
        let key = others.isEmpty ? nearestName(to: label.key, in: keys) : label.key
        let values = nodes.compactMap { node in key.flatMap { node.labels?[$0]?.string } }.unique().sorted()
        let value = values.contains(label.value) ? label.value : nearestName(to: label.value, in: values)
        let near = nodes.first { node in key.map { value != nil && node.labels?[$0]?.string == value } ?? false }
        return Mismatch(
            key: label.key,
            value: label.value,
            near: near.flatMap { node in key.flatMap { key in value.map { (node.name, key, $0) } } },
            others: others
        )
    }

    private func hint(_ mismatches: [Mismatch], near: String?) -> String {
        if let near { return "did you mean '\(near)'?" }
        guard !mismatches.contains(where: { Self.isSetBySystem($0.key) }) else { return "correct 'nodeSelector'" }
        let labels = mismatches.count == 1 ? "this label" : "these labels"
        return "add \(labels) to a node, or correct 'nodeSelector'"
    }

    /// The domains of labels that Kubernetes and its components set.
    private static let systemDomains = ["kubernetes.io", "k8s.io"]

    /// The domains below these in which administrators set labels.
    private static let administratorDomains = ["node-role.kubernetes.io", "node-restriction.kubernetes.io"]

    /// Returns whether a label is set by Kubernetes itself, so that setting it by hand would be wrong.
    private static func isSetBySystem(_ key: String) -> Bool {
        guard let end = key.firstIndex(of: "/") else { return false }
        let domain = String(key[..<end])
        return systemDomains.contains { domain == $0 || domain.hasSuffix(".\($0)") }
            && !administratorDomains.contains(domain)
    }

    /// The taints of the nodes with the required labels; those of other nodes do not matter.
    var taints: [String] {
        let all = matching.flatMap { $0["spec"]?["taints"]?.sequence ?? [] }.map { taint in
            "'\(taint["key"]?.string ?? ""):\(taint["effect"]?.string ?? "")'"
        }
        return Set(all).sorted()
    }
}
