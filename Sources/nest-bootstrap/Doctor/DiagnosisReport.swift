import Base
import Diagnosis
import YAML

/// The text and the JSON of a diagnosis.
struct DiagnosisReport {
    let facts: Facts
    let diagnosis: NodeDiagnosis

    /// Returns the lines for a person.
    ///
    /// - Parameter isComplete: Whether everything is printed, instead of the first cause.
    /// - Returns: The lines.
    func lines(isComplete: Bool) -> [String] {
        var lines = diagnosis.first.map { [$0.line, "fix: \($0.fix)"] } ?? [summary]
        guard isComplete else {
            let count = diagnosis.others.count
            if count > 0 {
                lines.append("\(count) more \(count == 1 ? "fault" : "faults"): see 'nest-bootstrap doctor --all'")
            }
            // A taint is set on purpose or by mistake, which only a person knows. A unit that cannot be started is a fault as
            // soon as the machine boots.
            let shown: Set = ["taint", "kubelet-unit", "kubelet-masked", "kubelet-requirement"]
            if diagnosis.first == nil { lines += diagnosis.notes.filter { shown.contains($0.code) }.map(\.note) }
            return lines
        }
        lines += diagnosis.consequences.map { "because of it: \($0.line)" }
        for finding in diagnosis.others { lines += ["also wrong: \(finding.line)", "fix: \(finding.fix)"] }
        lines += diagnosis.notes.map(\.note)
        lines += diagnosis.sound.map { "ok: \($0.area.title): \($0.text)" }
        lines += diagnosis.unseen.map { "not looked at: \($0.subject): \($0.reason)" }
        return lines
    }

    /// The line if nothing is wrong.
    private var summary: String {
        var parts: [String] = []
        if let version = facts.kubelet.version { parts.append("kubelet \(version)") }
        if let (name, version) = facts.runtime.version { parts.append("\(name) \(version)") }
        if let version = facts.server.version { parts.append("API server \(version)") }
        let list = parts.isEmpty ? "" : ": \(parts.joined(separator: ", "))"
        if diagnosis.isReady { return "Node '\(facts.cluster.nodeName)' is Ready\(list)" }
        if !diagnosis.isNodeSeen {
            let reason = diagnosis.unseen.first { [.configuration, .credentials, .server].contains($0.area) }
            let why = reason.map { " (\($0.subject): \($0.reason))" } ?? ""
            return "Node '\(facts.cluster.nodeName)' was not seen\(why); nothing that was looked at is wrong\(list)"
        }
        let unseen =
            diagnosis.unseen.isEmpty ? "" : "; 'nest-bootstrap doctor --all' prints what could not be looked at"
        return "nothing wrong was found, but the Node was not seen to be Ready\(list)\(unseen)"
    }

    /// The diagnosis as one JSON object.
    var json: String {
        func node(_ finding: Finding) -> Node {
            .mapping([
                ("code", .string(finding.code)), ("area", .string(finding.area.rawValue)),
                ("subject", .string(finding.subject)), ("cause", .string(finding.cause)), ("fix", .string(finding.fix)),
            ])
        }
        var pairs: [(String, Node)] = [
            Node.outputVersion, ("node", .string(facts.cluster.nodeName)), ("ready", .boolean(diagnosis.isReady)),
        ]
        if let first = diagnosis.first { pairs.append(("cause", node(first))) }
        pairs += [
            ("consequences", .sequence(diagnosis.consequences.map(node))),
            ("others", .sequence(diagnosis.others.map(node))), ("notes", .sequence(diagnosis.notes.map(node))),
            (
                "sound",
                .sequence(
                    diagnosis.sound.map {
                        .mapping([("area", .string($0.area.rawValue)), ("text", .string($0.text))])
                    }
                )
            ),
            (
                "unseen",
                .sequence(
                    diagnosis.unseen.map {
                        .mapping([
                            ("area", .string($0.area.rawValue)), ("subject", .string($0.subject)),
                            ("reason", .string($0.reason)),
                        ])
                    }
                )
            ),
        ]
        return String(decoding: Node.mapping(pairs).json(), as: UTF8.self)
    }
}

extension Finding {
    /// The line of a fact that does no harm now.
    fileprivate var note: String { "note: \(line); \(fix)" }
}
