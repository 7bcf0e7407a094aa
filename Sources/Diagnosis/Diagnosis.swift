import Base

/// A fault of a node, and its fix.
public struct Finding: Sendable, Hashable {
    public enum Kind: Int, Sendable, Hashable, Comparable {
        /// A fault that needs a separate fix.
        case cause
        /// A possible consequence of another fault; it is listed first only if no cause that can explain it was found.
        case symptom
        /// A fault that does no harm now.
        case note

        public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    /// The identifier of the fault, such as `swap-on`; it never changes.
    public var code: String
    var kind = Kind.cause
    /// The stage to which the fault belongs.
    public var area: Area
    /// The first stage that the fault keeps from working.
    var blocks: Area
    /// The thing that is wrong, such as a file.
    public var subject: String
    public var cause: String
    /// The instruction for the user, in the imperative.
    public var fix: String

    public init(
        _ code: String,
        _ area: Area,
        kind: Kind = .cause,
        _ subject: String,
        _ cause: String,
        fix: String
    ) {
        (self.code, self.kind, self.area, blocks) = (code, kind, area, area)
        (self.subject, self.cause, self.fix) = (subject, cause, fix)
    }

    public var line: String { "\(subject): \(cause)" }
}

public struct NodeDiagnosis: Sendable {
    /// The name under which the kubelet registers, empty if it is not known.
    public var node = ""
    /// The known versions of the kubelet, the container runtime and the API server, such as `kubelet v1.34.0`.
    public var versions: [String] = []
    /// The faults, beginning with the one to fix first.
    var findings: [Finding]
    public var notes: [Finding] = []
    public var unseen: [Unseen] = []
    /// Whether the Node is Ready, its kubelet works, and the Lease, if known, is not old.
    public var isReady: Bool
    /// Whether the API server sent the Node.
    public var isNodeSeen = false

    public init(findings: [Finding], notes: [Finding] = [], unseen: [Unseen] = [], isReady: Bool) {
        (self.findings, self.notes, self.unseen, self.isReady) = (findings, notes, unseen, isReady)
    }

    /// Whether no fault was found, and the API server sent the Node.
    public var isSound: Bool { first == nil && (isReady || isNodeSeen) }
    /// The fault to fix first, `nil` if none was found.
    public var first: Finding? { findings.first }
    public var consequences: [Finding] { findings.dropFirst().filter { $0.kind == .symptom } }
    /// The other causes, each of which needs a separate fix.
    public var others: [Finding] { findings.dropFirst().filter { $0.kind == .cause } }
}

/// A rule that recognises one kind of fault in the facts.
struct Rule: Sendable {
    typealias Found = (subject: String, cause: String, fix: String)

    var code: String
    var kind: Finding.Kind
    var area: Area
    var blocks: Area
    var find: @Sendable (Facts) -> [Found]

    /// Creates a rule whose closure returns `nil` if the facts do not show the fault.
    ///
    /// A cause counts only as a note while the stage that it blocks works; by default, that stage is ``area``.
    init(
        _ code: String,
        _ area: Area,
        kind: Finding.Kind = .cause,
        blocks: Area? = nil,
        _ find: @escaping @Sendable (Facts) -> Found?,
    ) {
        self.init(all: code, area, kind: kind, blocks: blocks) { find($0).map { [$0] } ?? [] }
    }

    init(
        all code: String,
        _ area: Area,
        kind: Finding.Kind = .cause,
        blocks: Area? = nil,
        _ find: @escaping @Sendable (Facts) -> [Found],
    ) {
        (self.code, self.kind, self.area, self.blocks, self.find) = (code, kind, area, blocks ?? area, find)
    }

    fileprivate func findings(_ facts: Facts) -> [Finding] {
        find(facts).map { found in
            var finding = Finding(code, area, kind: kind, found.subject, found.cause, fix: found.fix)
            finding.blocks = blocks
            return finding
        }
    }
}

/// Finds the faults that the facts show, beginning with the one to fix first.
///
/// A fault counts only if the stage that it blocks does not work: enabled swap does not harm a running kubelet. If an
/// error has ended the kubelet, the error or the fault that explains it comes first, because the kubelet has not
/// reached later stages.
func diagnose(_ facts: Facts) -> NodeDiagnosis {
    let rules = machineRules + runtimeRules + kubeletRules + credentialRules + serverRules + nodeRules + podRules
    var findings = rules.flatMap { $0.findings(facts) }
    // A symptom is over once the stage that it blocks works.
    findings.removeAll { $0.kind == .symptom && facts.works($0.blocks) }
    for index in findings.indices where facts.works(findings[index].blocks) { findings[index].kind = .note }
    // A fault that blocks only pods does not explain the symptoms of earlier stages.
    func rank(_ finding: Finding) -> Int { finding.kind == .cause && finding.blocks < .pods ? 0 : 1 }
    let order = findings.enumerated().sorted { left, right in
        (rank(left.element), left.element.blocks, left.element.kind, left.offset)
            < (rank(right.element), right.element.blocks, right.element.kind, right.offset)
    }
    findings = order.map(\.element)
    if let error = facts.kubeletEnding {
        let known = knownFinding(error, facts)
        let codes = [known?.code].compactMap(\.self) + explanations(of: error)
        let explaining = findings.firstIndex { one in one.kind == .cause && codes.contains { one.code.hasPrefix($0) } }
        if let explaining {
            findings.insert(findings.remove(at: explaining), at: 0)
        } else if let known {
            findings.insert(known, at: 0)
        } else if let index = findings.firstIndex(where: { $0.code == "kubelet-fails" }) {
            findings.insert(findings.remove(at: index), at: 0)
        }
    }
    if facts.kubelet.service?.active == "failed", facts.kubelet.service?.result == "start-limit-hit" {
        // Until the interval of the start limit is over, systemd refuses to start the unit unless its counter is reset.
        let (restart, reset) = (facts.kubelet.restart, "systemctl reset-failed \(facts.kubelet.unitName) && ")
        for index in findings.indices {
            findings[index].fix = findings[index].fix.replacing(restart, with: reset + restart)
        }
    }
    // The cause can contain text from programs and from the server, with control characters.
    findings = findings.map { finding in
        var finding = finding
        finding.cause = printable(shortened(finding.cause))
        return finding
    }
    var diagnosis = NodeDiagnosis(
        findings: findings.filter { $0.kind != .note },
        notes: findings.filter { $0.kind == .note },
        unseen: facts.unseen,
        isReady: facts.isReady
    )
    diagnosis.node = facts.nodeName
    diagnosis.isNodeSeen = facts.cluster.node != nil
    diagnosis.versions = [
        facts.cluster.node?.kubeletVersion.map { "kubelet \($0)" }, facts.cluster.node?.runtimeVersion,
        facts.server.version.map { "API server \($0)" },
    ].compactMap(\.self)
    return diagnosis
}

/// Shortens a text to 300 characters by omitting its middle, because an error ends with its cause.
func shortened(_ text: String) -> String { text.shortened(to: 300) }

/// The age in seconds above which a Lease is old; by default, the kubelet renews its Lease every 10 seconds.
let leaseDuration: Int64 = 40

extension Facts {
    /// Whether the kubelet runs, and has had time to read its configuration or has renewed its Lease.
    ///
    /// Below a root directory, the kubelet works if its Node is Ready and its Lease is renewed.
    var kubeletWorks: Bool {
        if isRestartedAgain { return false }
        if !isThisMachine { return isReported }
        let age = kubelet.process?.age ?? 0
        guard age >= 20 || age > cluster.leaseAge ?? .max else { return false }
        return kubelet.service.map { $0.active == "active" } ?? true
    }

    /// Whether systemd has just restarted the kubelet, and not for the first time; the kubelet may then end again.
    var isRestartedAgain: Bool {
        kubelet.service.map { $0.restarts > 1 } == true && kubelet.process.map { $0.age < 20 } == true
    }

    /// Whether the Node is Ready, and its kubelet renews the Lease.
    private var isReported: Bool {
        cluster.node?.conditions["Ready"]?.status == "True" && cluster.leaseAge != nil && !isLeaseOld
    }

    /// Whether the Node is Ready, its kubelet works, and the Lease, if known, is not old.
    var isReady: Bool {
        kubeletWorks && cluster.node?.conditions["Ready"]?.status == "True" && !isLeaseOld
    }

    /// Whether the Lease shows that the kubelet no longer renews it; the states of Node and pods are then outdated.
    var isLeaseOld: Bool {
        guard let age = cluster.leaseAge else { return false }
        // If the Lease is older than the process, an earlier process renewed it last.
        if isThisMachine, let process = kubelet.process, process.age > 15, age > process.age + 5 { return true }
        return age > leaseDuration
    }

    /// Returns whether a stage works now; stage `pods` never does, so faults of pods always count.
    func works(_ area: Area) -> Bool {
        switch area {
        case .runtime: runtime.answer == .connected
        case .configuration, .kubelet: kubeletWorks
        case .machine, .credentials, .server, .node, .network: isReady
        case .pods: false
        }
    }

    /// The error that ended the kubelet, `nil` if it is unknown or the kubelet works, was stopped or was not started.
    var kubeletEnding: String? {
        guard !kubeletWorks, !isStartRefused,
            kubelet.service.map({ ["failed", "activating"].contains($0.active) || isRestartedAgain }) == true
        else { return nil }
        return ending(in: kubelet.log.lines)
    }

    /// Whether systemd could not start the kubelet's program; the program's last error is then from an earlier start.
    var isStartRefused: Bool { kubelet.service?.status.map { (200...245).contains($0) } == true }

    /// The errors in the kubelet's log; if the kubelet works, only those of the last 90 seconds or without a time.
    var recentLines: [String] {
        kubelet.log.lines.filter { line in
            isError(line.text) && (!kubeletWorks || (line.time.map { now.seconds - $0.seconds < 90 } ?? true))
        }.map(\.text)
    }

    /// The kubelet's recent errors and the pods' messages, without backslashes.
    var recentErrors: [String] { (recentLines + cluster.pods.map(\.message)).map { $0.replacing("\\", with: "") } }
}
