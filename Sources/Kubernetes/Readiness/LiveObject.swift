import Base

/// An object on the server, with the fields that determine its readiness.
struct LiveObject {
    let node: Node
    let type: GroupVersionKind
    let now: Timestamp

    init(_ node: Node, type: GroupVersionKind?, now: Timestamp) {
        self.node = node
        self.now = now
        self.type =
            type
            ?? GroupVersionKind(apiVersion: node["apiVersion"]?.string ?? "", kind: node["kind"]?.string ?? "")
    }

    struct Condition {
        var type: String
        var status: String
        var reason: String
        var message: String

        /// The reason and message as one text.
        var words: String {
            [reason, message].filter { !$0.isEmpty }.joined(separator: ": ")
        }
    }

    /// The conditions, empty if the list is missing or `null`, as in a new object.
    var conditions: [Condition] {
        (node["status"]?["conditions"]?.sequence ?? []).map { item in
            Condition(
                type: item["type"]?.string ?? "",
                status: item["status"]?.string ?? "",
                reason: item["reason"]?.string ?? "",
                message: item["message"]?.string ?? "",
            )
        }
    }

    func condition(_ type: String) -> Condition? {
        conditions.first { $0.type == type }
    }

    /// Returns an integer in the status, or `nil` if it is missing.
    func status(_ field: String) -> Int? {
        node["status"]?[field]?.integer
    }

    /// The readiness by the rules that apply to every kind, or `nil` if no rule decides.
    var generic: Readiness? {
        if node["metadata"]?["deletionTimestamp"]?.string != nil { return .waiting("it is being deleted") }
        if let generation = node["metadata"]?["generation"]?.integer, let observed = status("observedGeneration"),
            generation != observed
        {
            return .waiting("generation is \(generation), its controller has seen \(observed)")
        }
        for condition in conditions where condition.status == "True" {
            if condition.type == "Reconciling" { return .waiting(condition.words) }
            if condition.type == "Stalled" { return .failed(condition.words) }
        }
        return nil
    }

    /// The readiness by condition `Ready`; ready if the condition is missing.
    var byReadyCondition: Readiness {
        guard let ready = condition("Ready"), ready.status != "True" else { return .ready }
        return .waiting(ready.words.isEmpty ? "condition Ready is \(ready.status)" : ready.words)
    }
}
