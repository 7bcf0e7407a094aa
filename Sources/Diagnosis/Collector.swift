import Base
import HTTP
import Host
import Kubernetes

/// A collector of facts about a node; most probes run concurrently.
public struct Collector: Sendable {
    /// The root directory of the node, empty for this machine.
    var root: String

    /// The environment for systemctl and journalctl.
    var environment: [String: String]

    /// The time limit for each program, request or blocking function.
    var limit: Duration

    public init(root: String = "", environment: [String: String] = [:], limit: Duration = .seconds(2)) {
        (self.root, self.environment, self.limit) = (root, environment, limit)
    }

    private var isThisMachine: Bool { root.isEmpty }

    public func diagnosis() async -> NodeDiagnosis { diagnose(await facts()) }

    func facts() async -> Facts {
        var facts = Facts()
        facts.isThisMachine = isThisMachine
        let root = root
        let noAnswer = "a file system does not answer"
        // The probes of the runtime and the server depend on the kubelet's settings.
        if let kubelet = await inTime({ KubeletProbe(root: root).facts() }) {
            facts.kubelet = kubelet
        } else {
            facts.kubelet.isKnown = false
            facts.unseen.append(Unseen(.configuration, "files of the kubelet", noAnswer))
        }
        let kubelet = facts.kubelet
        let own = kubelet.ownKubeconfig
        let machineFacts = await inTime { Self.machine(root: root) }
        if let machineFacts {
            facts.machine = machineFacts
        } else {
            facts.unseen.append(Unseen(.machine, "files of the machine", noAnswer))
        }
        let name = kubelet.nodeName(hostName: facts.machine.hostName)
        facts.nodeName = name
        async let runtime = runtimeFacts(kubelet)
        async let services = services([kubelet.unitName] + RuntimeProbe.units)
        async let log = log(of: kubelet.unitName)
        async let answers = ask(own, name, isBootstrap: kubelet.usesBootstrap)
        (facts.runtime, facts.network) = await runtime
        if let listed = await services {
            facts.areUnitsKnown = true
            facts.kubelet.service = listed[kubelet.unitName]
            facts.runtime.services = listed.filter { $0.key != kubelet.unitName }
        } else if isThisMachine {
            facts.unseen.append(Unseen(.kubelet, "units", "systemd does not answer"))
        }
        facts.kubelet.log = await log
        (facts.server, facts.cluster) = await answers
        if isThisMachine, facts.server.fault?.kind == .refused, kubelet.staticPods.has("kube-apiserver") {
            facts.server.podErrors = await inTime { PodLogs(root: root).lastErrorsOfServer() } ?? []
        }
        noteUnseen(&facts)
        return facts
    }

    private func noteUnseen(_ facts: inout Facts) {
        func add(_ area: Area, _ subject: String?, _ reason: String?) {
            if let reason { facts.unseen.append(Unseen(area, subject ?? "kubeconfig", reason)) }
        }
        let kubelet = facts.kubelet
        let denied = "permission denied; run as root"
        if !isThisMachine {
            facts.server.clockDifference = nil
            add(.machine, "kernel, mounts, clock, units and processes", "they are not looked at with '--root'")
        }
        add(.configuration, kubelet.configuration.path, kubelet.configuration.isDenied ? denied : nil)
        for fact in [kubelet.kubeconfig, kubelet.bootstrap] {
            let foreign = "it has 'exec', a password or 'insecure-skip-tls-verify', which nest-bootstrap does not use"
            add(.credentials, fact.path, fact.isDenied ? denied : fact.isForeign ? foreign : nil)
        }
        add(.kubelet, "journal of \(kubelet.unitName)", kubelet.log.fault)
        add(.runtime, facts.runtime.endpoint, facts.runtime.answer == .denied ? denied : nil)
        let containerd = facts.runtime.containerd
        let isIncomplete = containerd?.isIncomplete == true
        add(.runtime, containerd?.path, isIncomplete ? "it imports other files, or cannot be read" : nil)
        add(.network, facts.network.directory, facts.network.fault)
        if !facts.network.isKnown { add(.network, "files of the container runtime", "a file system does not answer") }
        if facts.nodeName.isEmpty { add(.node, "Node", "its name is not known: /etc/hostname cannot be read") }
    }

    /// Calls a blocking probe; returns `nil` at the time limit, for example if a file system does not respond.
    private func inTime<Value: Sendable>(_ probe: @escaping @Sendable () -> Value) async -> Value? {
        try? await onThread(until: .now + limit) { () throws(SystemError) in probe() }
    }

    private func result(_ program: String, _ arguments: [String]) async -> FilterResult? {
        let command = Host.Command(program, arguments, environment: environment)
        return try? await filter(command, outputLimit: 8 << 20, deadline: .now + limit)
    }

    private func services(_ names: [String]) async -> [String: Service]? {
        guard isThisMachine else { return nil }
        let result = await result("systemctl", ["show", "-p", Service.properties.joined(separator: ",")] + names)
        guard let result, result.status.isSuccess else { return nil }
        return Service.read(String(decoding: result.output.copy, as: UTF8.self))
    }

    private func log(of unit: String) async -> UnitLog {
        // Without '--all', journalctl leaves out long messages.
        var arguments = ["--output=json", "--no-pager", "--quiet", "--lines=400", "--unit=\(unit)", "--all"]
        arguments.append("--output-fields=MESSAGE,_PID,UNIT,_SYSTEMD_INVOCATION_ID")
        arguments += isThisMachine ? ["--boot"] : ["--root=\(root)"]
        let result = await result("journalctl", arguments)
        guard let result, result.status.isSuccess else { return UnitLog(fault: result?.reason ?? "journalctl failed") }
        let rows = result.output.copy
        // Without a journal, journalctl succeeds and prints nothing.
        let hasJournal =
            !rows.isEmpty
            || ["/run/log/journal", "/var/log/journal"].contains {
                (try? FileSystem.list(root + $0))?.isEmpty == false
            }
        return hasJournal ? UnitLog(rows) : UnitLog(fault: "there is no journal")
    }

    private func runtimeFacts(_ kubelet: KubeletFacts) async -> (RuntimeFacts, NetworkFacts) {
        var facts = RuntimeFacts()
        if let endpoint = kubelet.flag("container-runtime-endpoint") {
            (facts.endpoint, facts.setting) = (endpoint, kubelet.place(ofFlag: "container-runtime-endpoint"))
        } else if let endpoint = kubelet.setting("containerRuntimeEndpoint", flag: ""), !endpoint.isEmpty {
            facts.endpoint = endpoint
            facts.setting = "'containerRuntimeEndpoint' in '\(kubelet.configuration.path ?? "")'"
        }
        let (root, isCRIO, unit) = (root, facts.unitName == "crio", "\(facts.unitName).service")
        async let log = log(of: unit)
        async let files = inTime { () -> (ContainerdFacts?, NetworkFacts) in
            let probe = RuntimeProbe(root: root)
            let containerd = isCRIO ? nil : probe.containerd()
            return (containerd, probe.network(containerd, isCRIO: isCRIO))
        }
        if isThisMachine, let path = facts.socketPath {
            facts.answer = RuntimeProbe.answer(at: path)
            if facts.answer != .connected {
                facts.others = RuntimeProbe.sockets.filter { $0 != path && RuntimeProbe.answer(at: $0) == .connected }
            }
        }
        var network = NetworkFacts()
        if let read = await files {
            (facts.containerd, network) = read
        } else {
            network.isKnown = false
        }
        facts.log = await log
        return (facts, network)
    }

    private func ask(_ own: KubeconfigFact, _ name: String, isBootstrap: Bool) async -> (ServerFacts, ClusterFacts) {
        guard own.kubeconfig != nil, !name.isEmpty else { return (ServerFacts(), ClusterFacts()) }
        let client = HTTPClient()
        let answers = await ServerProbe(client: client, limit: limit).ask(own, nodeName: name, isBootstrap: isBootstrap)
        await client.shutDown()
        return answers
    }

    /// The kernel settings that a pod network can require.
    private static let settings = ["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables"]

    private static func machine(root: String) -> MachineFacts {
        var facts = MachineFacts()
        facts.hostName = root.isEmpty ? Machine.hostName() : lines(of: "\(root)/etc/hostname").first ?? ""
        // The other facts are about the running system.
        guard root.isEmpty else { return facts }
        facts.swapAreas = lines(of: "/proc/swaps").dropFirst().compactMap {
            $0.split(separator: " ").first.map(String.init)
        }
        let written = [
            "/var/lib/kubelet", "/var/lib/containerd", "/var/lib/containers", "/var/lib/etcd", "/var/log", "/run",
        ]
        for path in written where (try? FileSystem.exists(path)) == true {
            if let space = FreeSpace.at(path) { facts.volumes.append((path, space)) }
        }
        for name in settings {
            facts.settings[name] = lines(of: "/proc/sys/\(name.replacing(".", with: "/"))").first { !$0.isEmpty }
        }
        return facts
    }
}
