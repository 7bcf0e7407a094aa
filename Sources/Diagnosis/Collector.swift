public import Base
public import HTTP
import Host
import Kubernetes
import YAML

/// Collects the facts of a node, with all probes at once.
public struct Collector: Sendable {
    /// The root directory of the node, empty for this machine.
    public var root: String

    /// The environment of programs that are called.
    public var environment: [String: String]

    /// The kubeconfigs of administrators, of which the first that the kubelet's server accepts is used.
    public var administrators: [String]

    /// The kubeconfig that was given, which is used in place of the others.
    public var givenAdministrator: KubeconfigFact?

    /// The time limit of each probe.
    public var limit: Duration

    /// Returns what to do about a server that could not be reached, with the setting that names it.
    public var advice: @Sendable (TransportError, _ url: String, _ setting: String) async -> String?

    public init(
        root: String = "",
        environment: [String: String] = [:],
        administrators: [String] = [],
        givenAdministrator: KubeconfigFact? = nil,
        limit: Duration = .seconds(2),
        advice: @escaping @Sendable (TransportError, _ url: String, _ setting: String) async -> String? = { _, _, _ in
            nil
        },
    ) {
        (self.root, self.environment, self.administrators) = (root, environment, administrators)
        (self.givenAdministrator, self.limit, self.advice) = (givenAdministrator, limit, advice)
    }

    /// Reads the kubeconfig that a person has named.
    ///
    /// - Parameter path: The path of the file.
    /// - Returns: The kubeconfig with its credentials.
    /// - Throws: A problem if the file does not exist, cannot be read, or has no credentials that can be used.
    public static func administrator(_ path: String) throws(Problem) -> KubeconfigFact {
        let fact = KubeletFiles(root: "").kubeconfig(path)
        if fact.credentials != nil { return fact }
        var problem = fact.problem ?? Problem("it is not a kubeconfig")
        problem.message = "kubeconfig '\(path)' cannot be used: \(fact.exists ? problem.message : "it does not exist")"
        if !fact.exists { problem.hint = "name the kubeconfig of an administrator with '--kubeconfig FILE'" }
        throw problem
    }

    /// The kubeconfigs that installers of Kubernetes write.
    public static let usualAdministrators = [
        "/etc/kubernetes/admin.conf", "/etc/kubernetes/super-admin.conf", "/etc/rancher/k3s/k3s.yaml",
        "/etc/rancher/rke2/rke2.yaml",
    ]

    private var isThisMachine: Bool { root.isEmpty }

    /// Returns whether the node has a kubelet, which is known without the other probes.
    public func hasKubelet() async -> Bool {
        let root = root
        guard let kubelet = await inTime({ KubeletFiles(root: root).facts() }) else { return true }
        return kubelet.unitPath != nil || kubelet.process != nil
    }

    /// Collects the facts.
    ///
    /// - Returns: The facts; what could not be looked at is listed in them.
    public func facts() async -> Facts {
        var facts = Facts()
        facts.isThisMachine = isThisMachine
        let root = root
        // The settings of the kubelet decide what the other probes look at.
        if let kubelet = await inTime({ KubeletFiles(root: root).facts() }) {
            facts.kubelet = kubelet
        } else {
            facts.kubelet.isKnown = false
            facts.unseen.append(Unseen(.configuration, "files of the kubelet", "a file system does not answer"))
        }
        let kubelet = facts.kubelet
        async let machine = inTime { MachineProbe(root: root).facts() }
        async let runtime = runtimeFacts(kubelet)
        async let unit = units([kubelet.unitName])
        async let results = results(of: kubelet.unitFile.commands, of: kubelet.unitName)
        async let version = version(of: kubelet)
        async let journal = JournalProbe(root: root, environment: environment).lines(
            of: kubelet.unitName,
            within: limit
        )
        async let health = health(kubelet)
        async let ports = isThisMachine ? inTime { Self.portHolders(kubelet) } : nil
        async let answers = ask(kubelet)
        if let machine = await machine {
            facts.machine = machine
            if !isThisMachine {
                let reason = "they are those of the machine on which the files are; not looked at with '--root'"
                facts.unseen.append(Unseen(.machine, "kernel, mounts, clock and processes", reason))
            }
        } else {
            facts.machine.isKnown = false
            facts.unseen.append(Unseen(.machine, "files of the machine", "a file system does not answer"))
        }
        (facts.runtime, facts.network) = await runtime
        let (units, reason) = await unit
        facts.kubelet.unit = units[kubelet.unitName]
        facts.kubelet.unitFile.addResults(await results)
        if let fault = await refusal(of: kubelet, facts.kubelet.unit) { facts.kubelet.programFault = fault }
        if let reason { facts.unseen.append(Unseen(.kubelet, kubelet.unitName, reason)) }
        let (text, distrust) = await version
        facts.kubelet.version = text
        if let distrust { facts.unseen.append(distrust) }
        facts.kubelet.health = await health
        facts.kubelet.portHolders = await ports ?? [:]
        let lines = await journal
        if let reason = lines.reason { facts.unseen.append(Unseen(.kubelet, "journal of \(kubelet.unitName)", reason)) }
        facts.kubelet.take(lines)
        (facts.server, facts.cluster) = await answers
        let isServerAbsent = facts.server.fault != nil && kubelet.staticPods.hasServer
        let cluster = facts.cluster
        if let logs = await inTime({ PodLogs(root: root).facts(of: cluster, isServerAbsent: isServerAbsent) }) {
            (facts.cluster.pods, facts.server.podErrors) = logs
        }
        if !isThisMachine { facts.server.clockDifference = nil }
        facts.kubelet.version = facts.kubelet.version ?? facts.cluster.node?.kubeletVersion
        noteDenied(&facts)
        return facts
    }

    /// Returns why the kernel has refused to start the kubelet's program.
    private func refusal(of kubelet: KubeletFacts, _ unit: UnitDetails?) async -> ProgramFile.Fault? {
        // An emulator may start a program for another kind of machine, unless the kernel has refused it.
        guard isThisMachine, unit?.exitStatus == 203, kubelet.programFault == nil, let program = kubelet.program,
            program.isAbsolutePath
        else { return nil }
        return await inTime { ProgramFile.fault(of: program, hasFailed: true) } ?? nil
    }

    private func noteDenied(_ facts: inout Facts) {
        let files: [(String?, Bool)] = [
            (facts.kubelet.configuration.path, facts.kubelet.configuration.isDenied),
            (facts.kubelet.kubeconfig.path, facts.kubelet.kubeconfig.isDenied),
            (facts.kubelet.bootstrap.path, facts.kubelet.bootstrap.isDenied),
        ]
        for case (let path?, true) in files {
            facts.unseen.append(Unseen(.configuration, path, "permission denied; run as root"))
        }
        for fact in [facts.kubelet.kubeconfig, facts.kubelet.bootstrap] where fact.isForeign {
            let reason = "it has 'exec', a password or 'insecure-skip-tls-verify', which nest-bootstrap does not use"
            facts.unseen.append(Unseen(.credentials, fact.path ?? "kubeconfig", reason))
        }
        if facts.runtime.answer == .denied {
            let path = facts.runtime.socketPath ?? facts.runtime.endpoint
            facts.unseen.append(Unseen(.runtime, path, "permission denied; run as root"))
        }
        if let reason = facts.cluster.requestFault {
            facts.unseen.append(Unseen(.credentials, "CertificateSigningRequests", reason))
        }
        if let reason = facts.kubelet.configuration.dropInFault {
            facts.unseen.append(Unseen(.configuration, "files of '--config-dir'", reason))
        }
        if facts.cluster.nodeName.isEmpty {
            facts.unseen.append(Unseen(.node, "Node", "its name is not known: /etc/hostname cannot be read"))
        }
        for (path, reason) in facts.network.unreadable.sorted(by: { $0.key < $1.key }) {
            facts.unseen.append(Unseen(.network, path, reason))
        }
        if facts.runtime.containerd?.isIncomplete == true, let path = facts.runtime.containerd?.path {
            facts.unseen.append(Unseen(.runtime, path, "it imports other files, or cannot be read"))
        }
        if !facts.runtime.isKnown || !facts.network.isKnown {
            facts.unseen.append(
                Unseen(.runtime, "files of the container runtime", "a file system does not answer")
            )
        }
    }

    /// Runs a blocking probe, and gives it up at the time limit.
    private func inTime<Value: Sendable>(_ probe: @escaping @Sendable () -> Value) async -> Value? {
        try? await onThread(until: .now + limit) { () throws(SystemError) in probe() }
    }

    private func units(_ names: [String]) async -> (units: [String: UnitDetails], reason: String?) {
        guard isThisMachine else { return ([:], "units are not looked at with '--root'") }
        guard Systemd.hasSystemBus else { return ([:], "there is no system bus") }
        do throws(SystemError) {
            return (try await Systemd.details(names, timeout: limit), nil)
        } catch {
            return ([:], error.reason)
        }
    }

    /// Asks systemd for the results of the commands before and after a unit's program.
    private func results(of commands: [UnitFileFacts.Command], of unit: String) async -> String {
        guard isThisMachine, !commands.isEmpty, Systemd.hasSystemBus else { return "" }
        let properties = Set(commands.map { "--property=\($0.setting.key)" }).sorted()
        let command = Host.Command("systemctl", ["show"] + properties + [unit], environment: environment)
        let result = try? await filter(
            command,
            input: SecretBytes(copying: []),
            outputLimit: 1 << 20,
            deadline: .now + limit
        )
        return (result?.output.copy).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static let runtimeUnits = ["containerd.service", "crio.service", "cri-docker.service", "docker.service"]

    private static let runtimeSockets = [
        "/run/containerd/containerd.sock", "/run/crio/crio.sock", "/run/cri-dockerd.sock",
        "/run/k3s/containerd/containerd.sock",
    ]

    private static let programDirectories = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/bin",
    ]

    private func runtimeFacts(_ kubelet: KubeletFacts) async -> (RuntimeFacts, NetworkFacts) {
        var facts = RuntimeFacts()
        if let endpoint = kubelet.flag("container-runtime-endpoint") {
            (facts.endpoint, facts.setting) = (endpoint, "'--container-runtime-endpoint' of \(kubelet.unitName)")
        } else if let endpoint = kubelet.configuration.root?["containerRuntimeEndpoint"]?.string, !endpoint.isEmpty {
            facts.endpoint = endpoint
            facts.setting = "'containerRuntimeEndpoint' in \(kubelet.configuration.path ?? "")"
        } else if kubelet.isK3s {
            facts.endpoint = "unix:///run/k3s/containerd/containerd.sock"
        }
        let (root, limit) = (root, limit)
        let isCRIO = facts.endpoint.contains("crio")
        async let files = inTime { RuntimeFiles(root: root, isCRIO: isCRIO) }
        async let listed = units(Self.runtimeUnits)
        if isThisMachine, let path = facts.socketPath { facts.answer = await RuntimeInterface.ask(path, within: limit) }
        if isThisMachine, let path = facts.socketPath {
            let status = await inTime { (try? FileSystem.status(path)) ?? nil }
            let kind = (status ?? nil)?.kind
            if let kind, kind != .socket, kind != .symbolicLink { facts.otherFile = kind.rawValue }
        }
        let (known, reason) = await listed
        facts.areUnitsKnown = reason == nil
        facts.units = Self.runtimeUnits.compactMap { known[$0] }.filter { $0.state.load != "not-found" }
        var network = NetworkFacts()
        if let read = await files {
            (facts.sockets, facts.programs, facts.lowLevelProgram) = (read.sockets, read.programs, read.lowLevelProgram)
            facts.lowLevelFault = isThisMachine ? read.lowLevelFault : nil
            (facts.containerd, network) = (read.containerd, read.network)
        } else {
            (facts.isKnown, network.isKnown) = (false, false)
        }
        if facts.answer == .missing || facts.answer == .refused {
            for path in facts.sockets where path != facts.socketPath {
                guard case .version(let name, _, _) = await RuntimeInterface.ask(path, within: limit) else { continue }
                facts.others[path] = name
            }
        }
        if let unit = facts.unit {
            let journal = JournalProbe(root: root, environment: environment)
            let lines = await journal.lines(of: unit.name, within: limit)
            (facts.lines, facts.managerLines) = (lines.unit, lines.manager)
            facts.unitFile =
                await inTime { UnitFile(unit.name, root: root)?.facts ?? UnitFileFacts() } ?? UnitFileFacts()
            facts.unitFile.addResults(await results(of: facts.unitFile.commands, of: unit.name))
        }
        return (facts, network)
    }

    /// The files of a container runtime and of its network.
    private struct RuntimeFiles: Sendable {
        var sockets: [String]
        var programs: [String]
        var lowLevelProgram: String?
        var lowLevelFault: ProgramFile.Fault?
        var containerd: ContainerdConfiguration?
        var network: NetworkFacts

        init(root: String, isCRIO: Bool) {
            func exists(_ path: String) -> Bool { (try? FileSystem.exists(root + path)) == true }
            func paths(_ names: [String]) -> [String] {
                names.flatMap { name in Collector.programDirectories.map { "\($0)/\(name)" } }.filter(exists)
            }
            sockets = Collector.runtimeSockets.filter(exists)
            programs = paths(["containerd", "crio", "cri-dockerd"])
            let lowLevel = paths(["runc", "crun"])
            // A search for a program skips files that are not executable.
            lowLevelProgram = lowLevel.first { ProgramFile.fault(of: root + $0) == nil } ?? lowLevel.first
            lowLevelFault = lowLevelProgram.flatMap { ProgramFile.fault(of: root + $0) }
            let files = NetworkFiles(root: root)
            containerd = files.containerd()
            network = files.network(containerd, isCRIO: isCRIO)
        }
    }

    /// Asks the program for its version, if no other user than root can change it.
    private func version(of kubelet: KubeletFacts) async -> (version: String?, unseen: Unseen?) {
        // A wrapper may ignore the flag and start a second kubelet.
        guard isThisMachine, let program = kubelet.program, program.isAbsolutePath,
            program.pathParts.last == "kubelet", !kubelet.isK3s, kubelet.programFault == nil
        else { return (nil, nil) }
        let distrust = await inTime { () -> String? in
            do throws(SystemError) {
                try FileSystem.requireTrusted(program)
                return nil
            } catch {
                return error.reason
            }
        }
        guard let distrust else { return (nil, Unseen(.kubelet, program, "a file system does not answer")) }
        if let distrust { return (nil, Unseen(.kubelet, "version of '\(program)'", distrust)) }
        let command = Host.Command(program, ["--version"], environment: environment)
        let result = try? await filter(
            command,
            input: SecretBytes(copying: []),
            outputLimit: 1 << 16,
            deadline: .now + limit
        )
        let text = (result?.output.copy).map { String(decoding: $0, as: UTF8.self) }
        return (text?.split { $0 == " " || $0 == "\n" }.last { $0.hasPrefix("v") }.map(String.init), nil)
    }

    private static func portHolders(_ kubelet: KubeletFacts) -> [Int: KubeletFacts.PortHolder] {
        var holders: [Int: KubeletFacts.PortHolder] = [:]
        for port in [kubelet.port, kubelet.healthPort].compactMap(\.self) {
            guard let holder = ListeningPort.holder(of: UInt16(clamping: port)) else { continue }
            holders[port] = .init(process: holder.process, name: holder.name)
        }
        return holders
    }

    private func health(_ kubelet: KubeletFacts) async -> KubeletFacts.Health? {
        guard isThisMachine, kubelet.process != nil, let port = kubelet.healthPort, let client = try? HTTPClient()
        else {
            return nil
        }
        let address = kubelet.setting("healthzBindAddress", flag: "healthz-bind-address") ?? "127.0.0.1"
        let host = address == "0.0.0.0" || address == "::" || address.isEmpty ? "127.0.0.1" : address
        let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/healthz"
        let health: KubeletFacts.Health?
        do throws(TransportError) {
            let response = try await client.send(HTTPRequest(url: url), deadline: .now + limit)
            let text = String(decoding: response.body.prefix(1000), as: UTF8.self)
            health = response.status == 200 ? .healthy : .unhealthy(text)
        } catch {
            health = error.kind == .refused ? .refused : error.kind == .timedOut ? .silent : nil
        }
        await client.shutDown()
        return health
    }

    /// Asks the API server with the kubelet's credentials, and with those of an administrator if there are any.
    private func ask(_ kubelet: KubeletFacts) async -> (ServerFacts, ClusterFacts) {
        let (root, paths) = (root, administrators)
        let hostName = await inTime { MachineProbe(root: root).hostName } ?? ""
        var server = ServerFacts()
        var cluster = ClusterFacts()
        let name = kubelet.nodeName(hostName: hostName)
        cluster.nodeName = name
        let isBootstrap = kubelet.usesBootstrap
        let own = isBootstrap ? kubelet.bootstrap : kubelet.kubeconfig
        let isGiven = givenAdministrator != nil
        let read =
            if let givenAdministrator { [givenAdministrator] } else {
                await inTime { paths.map { KubeletFiles(root: root).kubeconfig($0) } }
            }
        let administrators = (read ?? []).filter { $0.credentials != nil }.filter {
            isGiven || Self.isAdministrator($0, of: own, kubelet)
        }
        if administrators.isEmpty {
            cluster.requestFault = read.map(Self.administratorFault) ?? "a file system does not answer"
        }
        guard let client = try? HTTPClient() else { return (server, cluster) }
        let probe = ServerProbe(client: client, limit: limit)
        func askAdministrators(_ seen: inout ClusterFacts) async {
            for fact in administrators {
                await probe.complete(&seen, fact)
                if seen.requests != nil { break }
            }
        }
        let fault = cluster.requestFault
        if own.kubeconfig != nil, !name.isEmpty {
            async let direct = probe.ask(own, nodeName: name, isBootstrap: isBootstrap)
            async let proxied = throughProxy(kubelet, own, probe, name)
            var seen = ClusterFacts()
            (seen.nodeName, seen.requestFault) = (name, fault)
            await askAdministrators(&seen)
            (server, cluster) = await direct
            if let answers = await proxied {
                let proxyFault = answers.0.fault
                if proxyFault == nil { (server, cluster) = answers } else { server.fault = nil }
                server.proxyFault = proxyFault
            }
            // A kubelet and a bootstrap user may list requests for certificates, and a kubelet the pods of its node.
            if seen.requests == nil || !seen.arePodsKnown, server.identityStatus.map({ $0 != 401 }) == true {
                await probe.complete(&cluster, own)
            }
            cluster.add(seen)
            if cluster.requests != nil { cluster.requestFault = nil }
            if let fault = server.fault, let url = server.url {
                await explain(fault, of: url, &server, own.path)
            }
        } else if !name.isEmpty {
            await askAdministrators(&cluster)
        }
        await client.shutDown()
        return (server, cluster)
    }

    /// Adds what this node shows of the reason why the server does not answer.
    private func explain(_ fault: TransportError, of url: String, _ server: inout ServerFacts, _ path: String?) async {
        server.advice = await advice(fault, url, "the server in \(path ?? "the kubeconfig")")
        let host = NamedHost(root: root)
        let seen = await inTime { (host.entry(of: url), host.nameServers, host.linkFault(to: url, fault)) }
        if let seen { (server.hostEntry, server.nameServers, server.linkFault) = seen }
    }

    /// Returns whether a kubeconfig is another one than the kubelet's, for the same cluster.
    private static func isAdministrator(
        _ fact: KubeconfigFact,
        of own: KubeconfigFact,
        _ kubelet: KubeletFacts,
    ) -> Bool {
        // The kubelet's own credentials list less, and another cluster has another node of this name.
        guard let kubeconfig = fact.kubeconfig, fact.path != kubelet.kubeconfig.path,
            fact.path != kubelet.bootstrap.path
        else { return false }
        guard let cluster = own.kubeconfig else { return true }
        return kubeconfig.server == cluster.server || fact.authority.map { $0 == own.authority } == true
    }

    /// Asks the API server through the kubelet's proxy, as the kubelet does.
    ///
    /// - Returns: The answers, `nil` if the kubelet uses no proxy.
    private func throughProxy(
        _ kubelet: KubeletFacts,
        _ fact: KubeconfigFact,
        _ probe: ServerProbe,
        _ name: String,
    ) async -> (ServerFacts, ClusterFacts)? {
        guard let proxy = kubelet.proxy, var credentials = fact.credentials, credentials.connectionIdentity.proxy == nil
        else {
            return nil
        }
        credentials.connectionIdentity.proxy = proxy.value
        var copy = fact
        copy.credentials = credentials
        return await probe.ask(copy, nodeName: name, isBootstrap: kubelet.usesBootstrap)
    }

    /// Describes why no kubeconfig of an administrator can be used.
    private static func administratorFault(_ facts: [KubeconfigFact]) -> String {
        if let fact = facts.first(where: \.isDenied), let path = fact.path {
            return "permission denied for '\(path)'; run as root, or name a kubeconfig with '--kubeconfig'"
        }
        if let fact = facts.first(where: { $0.exists && $0.problem != nil }), let problem = fact.problem {
            return "'\(fact.path ?? "")': \(problem.message)"
        }
        if let fact = facts.first(where: { $0.credentials != nil }) {
            return "'\(fact.path ?? "")' is not that of an administrator of the kubelet's cluster; name one with "
                + "'--kubeconfig'"
        }
        return "no kubeconfig of an administrator was found here; name one with '--kubeconfig'"
    }
}

extension ClusterFacts {
    /// Adds what an administrator may see.
    fileprivate mutating func add(_ other: Self) {
        isKnown = isKnown || other.isKnown
        node = node ?? other.node
        requests = requests ?? other.requests
        requestFault = other.requestFault ?? requestFault
        leaseAge = leaseAge ?? other.leaseAge
        if other.arePodsKnown { (pods, allPods, arePodsKnown) = (other.pods, other.allPods, true) }
    }
}

extension KubeletFacts {
    /// Takes the lines of the journal.
    ///
    /// A kubelet that systemd has just started again has not yet met the error that ended the one before.
    mutating func take(_ lines: JournalProbe.Lines) {
        let isYoung = process.map { $0.age < .seconds(20) } ?? true
        let isRestarted = (unit?.restartCount ?? 0) > 0
        self.lines = isYoung && isRestarted && !lines.ended.isEmpty ? lines.ended : lines.unit
        managerLines = lines.manager
    }

    /// The port at which the API server reaches the kubelet.
    var port: Int? { setting("port", flag: "port").map { Int($0) } ?? 10250 }

    /// The port of the health check, `nil` if it is off.
    var healthPort: Int? {
        let port = setting("healthzPort", flag: "healthz-port").flatMap { Int($0) } ?? 10248
        return port == 0 ? nil : port
    }
}
