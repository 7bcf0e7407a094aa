import Base
import YAML

/// Faults of the kubelet's unit, program, flags, configuration file and process.
let kubeletRules: [Rule] = [
    Rule("kubelet-not-installed", .configuration, blocks: .machine) { facts in
        let kubelet = facts.kubelet
        guard kubelet.isKnown, kubelet.program == nil, kubelet.unitPath == nil, kubelet.process == nil else {
            return nil
        }
        return (
            "kubelet", "is not installed: no kubelet.service, no k3s, and no program in /usr/bin or /usr/local/bin",
            "install it, such as with 'apt install kubelet' from pkgs.k8s.io, and join the node"
        )
    },
    Rule("kubelet-unit-missing", .configuration) { facts in
        let kubelet = facts.kubelet
        guard facts.areUnitsKnown, kubelet.process == nil, kubelet.service == nil, let program = kubelet.program else {
            return nil
        }
        let start = "'systemctl enable --now \(kubelet.unitName)'"
        if let path = kubelet.unitPath {
            return (path, "systemd has not read it yet", "run 'systemctl daemon-reload' and \(start)")
        }
        return (
            kubelet.unitName, "does not exist, although '\(program)' does, and no kubelet runs",
            "install the unit of your distribution's package, and run \(start)"
        )
    },
    Rule("kubelet-masked", .configuration) { masked($0.kubelet.service, $0.kubelet.unitName) },
    Rule("kubelet-unit", .configuration) { unusable($0.kubelet.service, $0.kubelet.unitName, $0.kubelet.log) },
    Rule("kubelet-program", .configuration) { facts in
        let kubelet = facts.kubelet
        guard kubelet.process == nil, kubelet.service?.load != "masked", let program = kubelet.program,
            let fault = kubelet.programFault
        else { return nil }
        let fix =
            fault == "is not executable"
            ? "run 'chmod +x \(program)'" : "install the kubelet there, or correct 'ExecStart='"
        return (program, "\(fault), and \(kubelet.unitName) starts it", "\(fix); then run '\(kubelet.restart)'")
    },
    Rule("kubelet-config", .configuration) { facts in
        let kubelet = facts.kubelet
        guard let path = kubelet.configuration.path, let fault = kubelet.configuration.fault,
            !kubelet.configuration.isDenied
        else { return nil }
        let isJoined = kubelet.kubeconfig.exists || kubelet.bootstrap.exists
        let writing =
            isJoined
            ? "write the file, or correct \(kubelet.place(ofFlag: "config")), and run '\(kubelet.restart)'"
            : "the node has not been joined: run 'kubeadm join', which writes it, or write it"
        let correction = "correct it, and run '\(kubelet.restart)'"
        return (path + kubelet.configuration.place, fault, fault == "does not exist" ? writing : correction)
    },
    Rule("port-taken", .kubelet) { facts in
        guard let (port, holder) = facts.kubelet.portHolders.min(by: { $0.key < $1.key }) else { return nil }
        return (
            "port \(port)", "\(holder) listens there, and the kubelet needs it",
            "stop it, or give it another port; then run '\(facts.kubelet.restart)'"
        )
    },
    Rule("kubelet-stopped", .kubelet) { facts in
        let (kubelet, name) = (facts.kubelet, facts.kubelet.unitName)
        if facts.isThisMachine, !facts.areUnitsKnown, kubelet.process == nil, kubelet.unitPath != nil {
            return (name, "no kubelet runs", "run 'systemctl start \(name)', and see 'journalctl -u \(name)'")
        }
        guard let service = kubelet.service, service.load == "loaded", service.active == "inactive" else { return nil }
        let words = ["ondition check", "Dependency failed", "not found.", "Failed to load environment files"]
        if let line = kubelet.log.manager.last(where: { !$0.hasPrefix("Stopp") }), words.contains(where: line.contains)
        {
            return (name, "was not started: \(line)", "correct that, and run 'systemctl start \(name)'")
        }
        if !service.areConditionsMet {
            return (
                name, "was not started, because a condition of its unit is not met", "see 'systemctl status \(name)'"
            )
        }
        let isEnabled = service.file != "disabled"
        return (
            name, isEnabled ? "is stopped" : "is stopped and not enabled",
            "run 'systemctl \(isEnabled ? "start" : "enable --now") \(name)'"
        )
    },
    Rule("kubelet-fails", .kubelet, kind: .symptom) { facts in
        guard let service = facts.kubelet.service, service.load == "loaded",
            let state = failure(of: service, isYoung: facts.isRestartedAgain)
        else { return nil }
        let name = facts.kubelet.unitName
        let words = lastWords(facts.kubelet.log, isStartRefused: facts.isStartRefused)
        return (
            name, state + (words.map { ": \($0)" } ?? ""),
            "correct what it reports: see 'journalctl -u \(name) -n 50'; then run '\(facts.kubelet.restart)'"
        )
    },
    Rule("kubelet-unhealthy", .kubelet, kind: .symptom) { facts in
        guard case .unhealthy(let text) = facts.kubelet.health else { return nil }
        return (
            "kubelet", "its health check fails: \(text)",
            "run '\(facts.kubelet.restart)', and see 'journalctl -u \(facts.kubelet.unitName)'"
        )
    },
    Rule("kubelet-hangs", .kubelet) { facts in
        guard facts.kubelet.health == .silent, let process = facts.kubelet.process else { return nil }
        return (
            "kubelet", "process \(process.identifier) does not answer at its health port",
            "run 'kill -CONT \(process.identifier)' if it was stopped by a signal, or '\(facts.kubelet.restart)'"
        )
    },
    // A kubelet that has no certificate yet has no health check either.
    Rule("kubelet-starting", .kubelet, kind: .symptom, blocks: .pods) { facts in
        guard facts.kubelet.health == .refused, !facts.kubeletWorks, !facts.isRestartedAgain,
            let process = facts.kubelet.process
        else { return nil }
        return (
            "kubelet", "process \(process.identifier) does not listen at its health port yet",
            "wait a minute, and run this again; 'journalctl -u \(facts.kubelet.unitName)' shows what it waits for"
        )
    },
]

/// Finds a unit that is masked.
func masked(_ service: Service?, _ name: String) -> Rule.Found? {
    guard service?.load == "masked" else { return nil }
    let fix = "run 'systemctl unmask \(name) && systemctl enable --now \(name)'"
    return (name, "is masked, so that nothing can start it", fix)
}

/// Finds a unit whose files systemd cannot use.
func unusable(_ service: Service?, _ name: String, _ log: UnitLog) -> Rule.Found? {
    guard let load = service?.load, ["bad-setting", "error"].contains(load) else { return nil }
    let words = ["Refusing", "Failed to parse", "Invalid", "not executable", "Missing"]
    let reason = log.manager.last { line in words.contains(where: line.contains) }
    return (
        name, "systemd cannot use its file (\(load))" + (reason.map { ": \($0)" } ?? ""),
        "correct the files that 'systemctl cat \(name)' shows ('systemd-analyze verify \(name)' checks them), and run "
            + "'systemctl daemon-reload && systemctl restart \(name)'"
    )
}

/// Describes how the program of a unit has ended, `nil` if it runs.
func failure(of service: Service, isYoung: Bool = false) -> String? {
    let isSignal = ["signal", "core-dump"].contains(service.result)
    let status = service.status.map { "\(isSignal ? "signal" : "exit status") \($0)" }
    let result = ["success", "exit-code", "signal", ""].contains(service.result) ? nil : service.result
    let count = service.restarts
    let restarts = count > 0 ? "\(count) restart\(count == 1 ? "" : "s")" : nil
    let text = [restarts, result, status].compactMap(\.self).joined(separator: ", ")
    let ending = text.isEmpty ? "" : " (\(text))"
    if service.active == "failed" { return "has failed\(ending), and systemd does not restart it" }
    return service.isRestarting || isYoung ? "ends again and again\(ending)" : nil
}

/// Returns the last error of a program, or systemd's about its unit; `nil` if there is none.
func lastWords(_ log: UnitLog, isStartRefused: Bool) -> String? {
    // systemd ends with such a line whatever the reason is.
    let manager = log.manager.last { line in
        !line.hasPrefix("Failed to start ") && !line.contains("Failed with result")
            && !line.contains("Main process exited")
            && ["ailed to", "Failed at step", "Dependency failed", "Control process exited"].contains(
                where: line.contains
            )
    }
    if isStartRefused, let manager { return manager }
    let words = ["err=", "level=fatal", "level=error", "level=panic", "containerd: ", "Error: "]
    let line = log.lines.last { line in isError(line.text) && words.contains { line.text.contains($0) } }
    let last = line?.text ?? log.lines.last { isError($0.text) && !$0.text.isEmpty }?.text
    return ending(in: log.lines) ?? last.map(errorText) ?? manager
}

/// The finding of an error of the kubelet that is known, `nil` of another one.
func knownFinding(_ error: String, _ facts: Facts) -> Finding? {
    guard let known = knownTexts.first(where: { $0.texts.allSatisfy(error.contains) }), let text = known.texts.first
    else {
        return nil
    }
    let kubelet = facts.kubelet
    let start = error.firstRange(of: text)?.lowerBound ?? error.startIndex
    let flag = error.firstRange(of: "--").map {
        error[$0.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "-" }
    }
    let field = error.firstRange(of: "unknown field \"").map { error[$0.upperBound...].prefix { $0 != "\"" } }
    let key = field?.split(separator: ".").last.map(String.init)
    let entry = kubelet.configuration.root?.mapping?.entries.first { $0.key == key }
    let line = entry?.location.position.map { " in line \($0.line)" } ?? ""
    let file = kubelet.configuration.path.map { "'\($0)'\(line)" } ?? "the kubelet's configuration"
    let fix = known.fix.replacing("CONFIG", with: file).replacing("RESTART", with: "run '\(kubelet.restart)'")
        .replacing(
            "FLAG",
            with: flag.map { kubelet.place(ofFlag: String($0)) } ?? "the flag in the unit or its drop-ins"
        )
    var finding = Finding(known.code, known.area, known.subject, String(error[start...]), fix: fix)
    finding.blocks = ["node-ip", "proxy", "webhook", "node-name"].contains(known.code) ? .node : .kubelet
    return finding
}

/// The advice to join a node again; kubeadm refuses to join a node that has the files of the last time.
let joiningAgain =
    "run 'kubeadm token create --print-join-command' on a control plane; then run 'kubeadm reset' and the printed command here"

/// The texts of kubelet 1.25 to 1.36 that end it or keep its Node from being Ready, the most specific first.
///
/// In a fix, CONFIG is the configuration file, FLAG the flag that the error names, RESTART the command after a change.
private let knownTexts: [(texts: [String], code: String, area: Area, subject: String, fix: String)] = [
    (
        ["kubelet is configured to not run on a host using cgroup v1"], "cgroup-v1", .machine, "control groups",
        "boot with kernel parameter systemd.unified_cgroup_hierarchy=1, or set 'failCgroupV1: false' in CONFIG; then RESTART"
    ),
    (
        ["unknown flag: "], "kubelet-flag", .configuration, "flags of the kubelet",
        "remove FLAG, which this version of the kubelet does not have; then RESTART"
    ),
    (
        ["invalid argument ", " for "], "kubelet-flag", .configuration, "flags of the kubelet",
        "correct FLAG; then RESTART"
    ),
    (
        ["failed to parse kubelet flag"], "kubelet-flag", .configuration, "flags of the kubelet",
        "correct FLAG; then RESTART"
    ),
    (
        ["unknown field "], "kubelet-config", .configuration, "configuration of the kubelet",
        "remove the field in CONFIG, which this version of the kubelet does not have, or correct its name; then RESTART"
    ),
    (
        ["failed to load kubelet config file"], "kubelet-config", .configuration, "configuration of the kubelet",
        "correct CONFIG; then RESTART"
    ),
    (
        ["failed to validate kubelet configuration"], "kubelet-config", .configuration, "configuration of the kubelet",
        "correct the setting in CONFIG; then RESTART"
    ),
    (
        ["running with swap on is not supported"], "swap-on", .machine, "swap",
        "run 'swapoff -a' and remove it from /etc/fstab, or set 'failSwapOn: false' in CONFIG; then RESTART"
    ),
    (
        ["unable to load client CA file"], "client-ca", .configuration, "'authentication.x509.clientCAFile'",
        "put the cluster's CA there (on a control plane /etc/kubernetes/pki/ca.crt), or correct the path in CONFIG; then RESTART"
    ),
    (
        ["bind: address already in use"], "port-taken", .kubelet, "a port of the kubelet",
        "stop the program that 'ss -tlnp' shows at this port; then RESTART"
    ),
    (
        ["unable to load bootstrap kubeconfig"], "bootstrap-kubeconfig", .configuration, "bootstrap kubeconfig",
        joiningAgain
    ),
    (
        ["runtime API for endpoint"], "runtime-unusable", .runtime, "container runtime",
        "see 'systemctl status containerd', or correct 'containerRuntimeEndpoint'; then RESTART"
    ),
    (
        ["no space left on device"], "disk-full", .machine, "a disk of the node",
        "free space: 'df -h' and 'df -i' show where; if both have some, raise fs.inotify.max_user_watches"
    ),
    (
        ["too many open files"], "open-files", .machine, "open files",
        "raise fs.inotify.max_user_instances ('sysctl -w'), and 'LimitNOFILE=' of the unit; then RESTART"
    ),
    (
        ["read-only file system"], "read-only", .machine, "a file system of the node",
        "mount it writable, or remove the setting of the unit that makes it read-only; if the kernel did, 'dmesg' shows why"
    ),
    (
        ["failed to validate nodeIP"], "node-ip", .configuration, "'--node-ip'",
        "write an address of this node ('ip address') in '--node-ip', or remove the flag; then RESTART"
    ),
    (
        ["proxyconnect tcp"], "proxy", .server, "proxy of the kubelet",
        "correct HTTPS_PROXY in the environment of the unit, or add the server to NO_PROXY there; then 'systemctl daemon-reload' "
            + "and RESTART"
    ),
    (
        ["is not allowed to modify node"], "node-name", .credentials, "name of the Node",
        "set the host name or '--hostname-override' to the name in the certificate, and RESTART; or \(joiningAgain)"
    ),
    (
        ["webhook", "egister node"], "webhook", .node, "registration of the Node",
        "correct the webhook that it names, or delete it: 'kubectl get "
            + "validatingwebhookconfigurations,mutatingwebhookconfigurations'"
    ),
]

/// Returns the beginnings of the codes of faults that explain an error of the kubelet.
func explanations(of error: String) -> [String] {
    let links: [(words: String, codes: [String])] = [
        ("expired", ["certificate", "server-certificate", "clock"]), ("not yet valid", ["clock", "certificate"]),
        ("x509", ["certificate", "credentials", "clock", "wrong-ca", "server-"]),
        ("tls: ", ["certificate", "credentials", "wrong-ca", "server-"]),
        ("certificate", ["certificate", "credentials", "bootstrap", "csr-", "kubeconfig"]),
        ("kubeconfig", ["kubeconfig", "bootstrap", "credentials", "certificate"]), ("config file", ["kubelet-config"]),
        ("Unauthorized", ["unauthorized", "bootstrap", "certificate", "clock"]),
        ("dial tcp", ["server-", "no-route", "dns"]), ("no such host", ["dns"]),
        ("i/o timeout", ["server-", "no-route"]),
        ("runtime", ["runtime", "cri-"]), ("dial unix", ["runtime", "cri-"]), ("PLEG", ["runtime"]),
        ("hostname", ["node-name"]), ("node name", ["node-name"]),
        ("no space left", ["no-inodes", "disk-full"]),
    ]
    return links.filter { error.contains($0.words) }.flatMap(\.codes)
}
