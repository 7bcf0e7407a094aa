import Base
@testable import Planning

/// A task file with a cluster, nodes, variables and tasks.
let exampleFile = """
    cluster:
      name: ducksnest
      certificateAuthority: /run/agenix/k8s-ca.crt
      servers:
        control-plane: https://127.0.0.1:6443
        worker: https://ducksnest-controlplane:6443/
    nodes:
      ducksnest-controlplane: {role: control-plane}
      ducksnest-laptop-firebat: {role: worker}
    variables:
      podCIDR: 10.244.0.0/16
      mtu: 1230
    tasks:
      generate-kubeconfig:
        description: Generate the admin kubeconfig
        roles: [control-plane]
        after: [agenix.service, kube-apiserver.service]
        kubeconfig:
          path: /etc/kubernetes/cluster-admin.kubeconfig
          user: kubernetes-admin
          certificate: /run/agenix/kube-admin.crt
          key: /run/agenix/kube-admin.key
      calico-ipam:
        description: Link calico-ipam to the calico binary
        symlink: {path: /opt/cni/bin/calico-ipam, target: /run/current-system/sw/bin/calico}
      bootstrap-rbac:
        description: Apply the RBAC rules
        roles: [control-plane]
        after: [generate-kubeconfig]
        apply:
          kubeconfig: /etc/kubernetes/cluster-admin.kubeconfig
          manifests: [/usr/share/nest-bootstrap/rbac]
      calico-crds:
        description: Install the Calico CRDs
        roles: [control-plane]
        after: [k8s-bootstrap-bootstrap-rbac.service]
        timeout: 20m
        apply:
          manifests:
            - url: https://raw.githubusercontent.com/projectcalico/calico/v3.29.3/manifests/crds.yaml
              sha256: 1620ee6f539de44bbb3ec4aa3c2687b5023d4ee30795b30663ab3423b0c5f5d5
      calico-node:
        roles: [control-plane]
        after: [calico-crds, bootstrap-rbac]
        apply:
          manifests: [calico]
          substitute: true
          wait: rollout
    """

/// Reads one task file as the control plane of a test reads it.
func declarations(_ text: String, role: String? = "control-plane", host: String = "node") throws -> Declarations {
    try declarations([("bootstrap.yaml", text)], role: role, host: host)
}

/// Reads several task files.
func declarations(
    _ files: [(path: String, text: String)],
    role: String? = "control-plane",
    environmentRole: String? = nil,
    host: String = "node",
) throws -> Declarations {
    let files = files.map { SourceFile(path: $0.path, bytes: Array($0.text.utf8)) }
    return try declarations(files, NodeFacts(hostName: host, role: role, environmentRole: environmentRole))
}

/// Reads task files without problems.
func declarations(_ files: [SourceFile], _ node: NodeFacts) throws -> Declarations {
    let (declarations, problems) = readDeclarationsWithProblems(files, node: node)
    guard problems.isEmpty else { throw Problems(problems) }
    return declarations
}

/// The plan of one task file.
func plan(_ text: String, role: String? = "control-plane") throws -> Plan {
    try declarations(text, role: role).plan
}

/// What is printed about one task file, or nothing if nothing is wrong.
func problems(_ text: String, role: String? = "control-plane", host: String = "node") -> String {
    problems([("bootstrap.yaml", text)], role: role, host: host)
}

/// What is printed about several task files.
func problems(
    _ files: [(path: String, text: String)],
    role: String? = "control-plane",
    environmentRole: String? = nil,
    host: String = "node",
) -> String {
    do {
        _ = try declarations(files, role: role, environmentRole: environmentRole, host: host)
        return ""
    } catch {
        return "\(error)"
    }
}

/// Whether each problem that is printed begins as expected, with anything in the place of '…'.
///
/// The name of the usual file before a place may be left out.
func isReported(_ printed: String, _ expected: String) -> Bool {
    let (lines, starts) = (printed.split(separator: "\n"), expected.split(separator: "\n"))
    return lines.count == starts.count
        && zip(lines, starts).allSatisfy { line, start in
            let parts = start.split(separator: "…")
            var rest = line.hasPrefix("bootstrap.yaml:") && start.first?.isNumber == true ? line.dropFirst(15) : line
            guard let first = parts.first, start.first == "…" || rest.hasPrefix(first) else { return false }
            for part in parts {
                guard let found = rest.firstRange(of: part) else { return false }
                rest = rest[found.upperBound...]
            }
            return true
        }
}

/// A plan from lines such as `c: a b`, a task with what it runs after, in order.
func planOfLines(_ lines: String..., timeout: Duration = .seconds(600)) -> Plan {
    var names: [String] = []
    let steps = lines.map { line in
        let parts = line.split(separator: ":")
        let after = parts.count > 1 ? parts[1].split(separator: " ").map(String.init) : []
        let location = SourceLocation(file: "test.yaml")
        let verb = Verb(SymlinkDeclaration(path: LocatedPath("/x", location: location), target: "y"))
        var settings = TaskSettings()
        settings.timeout = timeout
        let task = PlannedTask(name: String(parts[0]), settings: settings, verb: verb, location: location)
        let step = Plan.Step(task: task, dependencies: after.compactMap { names.firstIndex(of: $0) })
        names.append(task.name)
        return step
    }
    return Plan(steps: steps)
}

/// Events as they came, in words.
final class Recorder: Sendable {
    private let lines = Locked<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func record(_ event: Event) {
        let words =
            switch event.kind {
            case .runStarted(let tasks): "run of \(tasks.count)"
            case .taskStarted(let verb): "started \(verb)"
            case .waiting(let wait): "waiting \(wait)"
            case .taskFinished(let outcome, let duration): "\(outcome.words) after \(duration.text)"
            case .runFinished(let report): "report of \(report.entries.count)"
            case .lease, .objectCount, .planned, .path, .change, .object, .objectFailed, .warning, .output: "other"
            }
        lines.withLock { $0.append(event.task.map { "\($0): \(words)" } ?? words) }
    }
}

extension Outcome {
    /// The outcome with its reason.
    var words: String {
        switch self {
        case .failed(let error): "failed(\(error))"
        case .skipped(let tasks): "skipped(\(tasks.joined(separator: " ")))"
        case .changed, .unchanged, .interrupted: name
        }
    }
}

extension Plan {
    /// Returns the direct dependencies of a task.
    func dependencies(of name: String) -> [String] {
        position(of: name).map { steps[$0].dependencies.map { steps[$0].task.name } } ?? []
    }
}

extension Report {
    /// Every line in words.
    var words: [String] {
        entries.map { "\($0.task): \($0.outcome.words)" }
    }
}

/// A failure that says what it is.
struct Failure: Error, CustomStringConvertible {
    let description: String
}

/// Something that tasks wait for until a test opens it.
final class Gate: Sendable {
    private let state = Locked<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    /// Waits, whether cancelled or not.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Lets all through.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
