import Base
import Host
import Kubernetes

/// Something that is wrong on a node, with its fix.
public struct Finding: Sendable, Hashable {
    /// The evidence for a finding, the strongest first.
    public enum Kind: Int, Sendable, Hashable, Comparable {
        /// A fault that was seen itself, such as swap that is on.
        case cause
        /// A fault of which a program has reported, such as a line of the kubelet.
        case report
        /// A consequence of a fault that was not seen, such as a kubelet that is restarted again and again.
        case symptom
        /// A fact that does no harm now.
        case note

        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The word for the fault, the same in all versions, such as `swap-on`.
    public var code: String

    public var kind: Kind

    /// The area in which the fault is.
    public var area: Area

    /// The first stage that the fault keeps from working.
    public var blocks: Area

    /// The thing that is wrong, such as a file.
    public var subject: String

    /// The fault of it.
    public var cause: String

    /// The action that removes the fault.
    public var fix: String

    /// The beginnings of the codes of causes that explain the finding.
    ///
    /// If `nil`, every earlier cause explains a symptom, and none a report. A symptom with an error of its own may have
    /// another cause than the first that was found.
    public var explainedBy: [String]?

    /// The paths in the error that it has of its own, whose faults explain it.
    private var errorPaths: [String] = []

    /// Whether it is the error with which the kubelet has ended, so that the kubelet has not reached what comes later.
    public var isEnding = false

    public init(
        _ code: String,
        _ kind: Kind = .cause,
        in area: Area,
        blocks: Area? = nil,
        _ subject: String,
        _ cause: String,
        fix: String,
    ) {
        (self.code, self.kind, self.area, self.blocks) = (code, kind, area, blocks ?? area)
        (self.subject, self.cause, self.fix) = (subject, cause, fix)
    }

    /// Returns the symptom with the error that it has of its own.
    func having(error: String?) -> Self {
        var copy = self
        copy.explainedBy = error.map(codes(explaining:))
        copy.errorPaths = (error.map(paths) ?? []).filter { $0.pathParts.count > 1 }
        return copy
    }

    /// The codes of faults of a unit that lead to any error of its program.
    private static let general: Set = Set(
        ["kubelet", "runtime"].flatMap { program in
            ["program", "user", "directory", "command", "memory", "limit", "start", "network", "confined"].map {
                "\(program)-\($0)"
            }
        } + ["environment-file", "kubelet-masked"]
    )

    /// Returns whether an earlier finding explains this one.
    func isExplained(by cause: Self) -> Bool {
        guard kind == .symptom || kind == .report, blocks >= cause.blocks else { return false }
        // Pods have independent errors, and a report is a fault of its own unless its error says otherwise.
        let isIndependent = kind == .report || area == .pods && blocks == cause.blocks
        if area == .pods, cause.area == .pods { return false }
        if Self.general.contains(cause.code) { return true }
        if errorPaths.contains(where: { cause.subject == $0 || cause.cause.contains("'\($0)'") }) { return true }
        return explainedBy?.contains { cause.code.hasPrefix($0) } ?? !isIndependent
    }

    /// The subject and the cause, in one line.
    public var line: String { "\(subject): \(cause)" }
}

/// The result of a diagnosis.
public struct NodeDiagnosis: Sendable {
    /// The faults, the first cause first.
    public var findings: [Finding]

    /// Facts that do no harm now.
    public var notes: [Finding]

    /// The areas in which nothing is wrong, with what was seen of them.
    public var sound: [(area: Area, text: String)]

    /// The things that could not be looked at.
    public var unseen: [Unseen]

    /// Whether the Node exists and is Ready.
    public var isReady: Bool

    /// Whether the server has sent the Node.
    public var isNodeSeen: Bool

    public init(
        findings: [Finding],
        notes: [Finding] = [],
        sound: [(area: Area, text: String)] = [],
        unseen: [Unseen] = [],
        isReady: Bool,
        isNodeSeen: Bool = false,
    ) {
        (self.findings, self.notes, self.sound, self.unseen) = (findings, notes, sound, unseen)
        (self.isReady, self.isNodeSeen) = (isReady, isNodeSeen)
    }

    /// Whether nothing is wrong, and the Node was seen.
    public var isSound: Bool { first == nil && (isReady || isNodeSeen) }

    /// The first cause, `nil` if nothing is wrong.
    public var first: Finding? { findings.first }

    /// The findings that the first cause explains, directly or through another finding that it explains.
    public var consequences: [Finding] {
        guard let first else { return [] }
        return findings.dropFirst().reduce(into: []) { found, finding in
            if ([first] + found).contains(where: finding.isExplained) { found.append(finding) }
        }
    }

    /// The other findings, which need a fix of their own.
    public var others: [Finding] {
        let consequences = Set(consequences)
        return findings.dropFirst().filter { !consequences.contains($0) }
    }
}

/// Draws the conclusions from what was seen of a node.
///
/// A fault counts only if the stage that it blocks does not work: swap that is on does no harm to a kubelet that runs.
///
/// - Parameter facts: The facts.
/// - Returns: The findings in the order of the stages that they block, direct evidence before reports and symptoms.
public func diagnose(_ facts: Facts) -> NodeDiagnosis {
    let rules: [(Facts) -> [Finding]] = [
        machineFindings, runtimeFindings, configurationFindings, kubeletFindings, journalFindings, credentialFindings,
        serverFindings, networkFindings, nodeFindings, staticPodFindings, podFindings, absentProgramFindings,
    ]
    var findings = rules.flatMap { $0(facts) }
    // A report or a symptom of a stage that works is of the past.
    findings.removeAll { facts.works($0.blocks) && ($0.kind == .report || $0.kind == .symptom) }
    for index in findings.indices where facts.works(findings[index].blocks) { findings[index].kind = .note }
    let isRefused = facts.kubelet.managerLines.last {
        !$0.hasPrefix("Failed to start ") && !$0.contains("Failed with result")
    }
    if facts.kubelet.unit?.state.active == "failed",
        facts.kubelet.unit?.result == "start-limit-hit" || isRefused?.contains("repeated too quickly") == true
    {
        // systemd refuses to start the unit until its count of starts is reset.
        let restart = "systemctl restart \(facts.kubelet.unitName)"
        for index in findings.indices {
            findings[index].fix = findings[index].fix
                .replacing(restart, with: "systemctl reset-failed \(facts.kubelet.unitName) && \(restart)")
        }
    }
    var seen: Set<String> = []
    let endings = Set(findings.filter(\.isEnding).map(\.code))
    func rank(_ finding: Finding) -> Int { endings.contains(finding.code) ? 0 : 1 }
    // The first of two findings with the same code is the one with the stronger evidence.
    let order = findings.enumerated().sorted { left, right in
        let (one, other) = (left.element, right.element)
        return (one.blocks, rank(one), one.kind, one.area, left.offset)
            < (other.blocks, rank(other), other.kind, other.area, right.offset)
    }
    let unique = order.map(\.element).filter { $0.kind == .note || seen.insert("\($0.code) \($0.subject)").inserted }
    let wrong = unique.filter { $0.kind != .note }
    let codes = Set(wrong.filter { $0.kind == .cause }.map(\.code))
    return NodeDiagnosis(
        findings: wrong.filter { $0.kind != .report || !codes.contains($0.code) },
        notes: unique.filter { $0.kind == .note },
        sound: soundAreas(facts, wrong),
        unseen: facts.unseen,
        isReady: facts.isReady,
        isNodeSeen: facts.cluster.node != nil
    )
}

/// The time after which a Lease counts as not renewed; the kubelet renews it every 10 seconds.
let leaseDuration = Duration.seconds(40)

extension Facts {
    /// Whether systemd has just started the kubelet, and not for the first time since it was started by hand.
    ///
    /// Such a kubelet may answer and renew its Lease before it ends again.
    var isRestartedAgain: Bool {
        guard isThisMachine, let process = kubelet.process, let unit = kubelet.unit else { return false }
        return unit.restartCount > 1 && process.age < .seconds(20)
    }

    /// Whether the kubelet runs, and has for long enough to have read its configuration.
    var kubeletWorks: Bool {
        if isRestartedAgain { return false }
        switch kubelet.health {
        case .healthy: return true
        case .unhealthy, .silent: return false
        // The port is another one if the kubelet reports.
        case .refused: return isReported
        case nil: break
        }
        if !isThisMachine { return isReported }
        guard let process = kubelet.process, process.age >= .seconds(20) else { return false }
        return kubelet.unit?.state.active != "failed" && (kubelet.unit?.state.isActive ?? true)
    }

    /// Whether the Node is Ready, and the kubelet of this machine renews its Lease.
    private var isReported: Bool {
        guard let node = cluster.node, let age = cluster.leaseAge else { return false }
        return node.isReady && age <= leaseDuration && !isHeldByOther && !isLeaseOfEarlierKubelet
    }

    /// Whether the Node is Ready, and its kubelet still reports so.
    var isReady: Bool {
        guard let node = cluster.node, node.isReady, kubeletWorks, !isHeldByOther else { return false }
        return !isLeaseOld
    }

    /// Whether the Lease was last renewed before the kubelet of this machine was started, by the one before it.
    var isLeaseOfEarlierKubelet: Bool {
        guard isThisMachine, let start = kubelet.process?.age, let age = cluster.leaseAge,
            let difference = server.clockDifference
        else { return false }
        // The time of the renewal is by this machine's clock, and the age by that of the server.
        return age - difference > start + .seconds(3)
    }

    /// Whether the kubelet does not renew its Lease, so that the conditions of the Node and the states of pods are old.
    var isLeaseOld: Bool {
        if isLeaseOfEarlierKubelet { return true }
        // Two renewals that are missing suffice if there is a reason.
        let limit = server.proxyFault == nil ? leaseDuration : leaseDuration / 2
        return cluster.leaseAge.map { $0 > limit } ?? false
    }

    /// Returns whether a stage was seen to work, so that no fault keeps it from working now.
    func works(_ area: Area) -> Bool {
        switch area {
        case .machine: isReady
        case .runtime:
            runtime.version != nil && runtime.conditions.allSatisfy { $0.type != "RuntimeReady" || $0.isTrue }
        case .configuration, .kubelet: kubeletWorks
        case .credentials, .server: isReady
        case .node: isReady
        case .network: isReady
        case .pods: false
        }
    }
}

/// Describes the areas in which nothing is wrong.
private func soundAreas(_ facts: Facts, _ findings: [Finding]) -> [(area: Area, text: String)] {
    let wrong = Set(findings.map(\.area))
    func text(_ area: Area) -> String? {
        switch area {
        case .machine:
            guard facts.machine.isKnown, facts.isThisMachine else { return nil }
            return "control groups v\(facts.machine.controlGroupVersion), swap "
                + (facts.machine.swapAreas.isEmpty ? "off" : "on")
        case .runtime: return facts.runtime.version.map { "\($0.name) \($0.version) at \(facts.runtime.endpoint)" }
        case .configuration:
            return facts.kubelet.unitPath.map { "\($0)" + (facts.kubelet.configuration.path.map { ", \($0)" } ?? "") }
        case .kubelet:
            guard let process = facts.kubelet.process, facts.kubeletWorks else { return nil }
            let version = facts.kubelet.version.map { " \($0)" } ?? ""
            return "kubelet\(version) runs as process \(process.identifier) since \(process.age.humanReadable)"
        case .credentials:
            return facts.server.identityStatus == 200 ? facts.kubelet.kubeconfig.credentials.map(\.whoami) : nil
        case .server:
            guard let url = facts.server.url, facts.server.fault == nil, facts.server.readyStatus == 200 else {
                return nil
            }
            return url + (facts.server.version.map { " \($0)" } ?? "")
        case .node: return facts.cluster.node.map { _ in "Node '\(facts.cluster.nodeName)' is registered" }
        case .network:
            guard let reported = facts.runtime.conditions.first(where: { $0.type == "NetworkReady" }), reported.isTrue
            else { return nil }
            return facts.network.configurations.first.map {
                "\($0.path) (\($0.plugins.map(\.type).joined(separator: ", ")))"
            }
        case .pods: return facts.cluster.arePodsKnown ? "no pod of this node reports an error" : nil
        }
    }
    return Area.allCases.filter { !wrong.contains($0) }.compactMap { area in text(area).map { (area, $0) } }
}
