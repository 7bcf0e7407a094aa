import Base

/// The rules for the kubelet's program, unit, configuration file and process.
let kubeletRules: [Rule] = [
    Rule("kubelet-not-installed", .configuration, blocks: .machine) { facts in
        let kubelet = facts.kubelet
        guard kubelet.isKnown, kubelet.program == nil, kubelet.unitPath == nil, kubelet.process == nil else {
            return nil
        }
        if let unit = kubelet.foreignUnit {
            return (
                unit, "the kubelet of this node is a part of it, which nest-bootstrap does not look into",
                "see 'journalctl -u \(unit)'"
            )
        }
        return (
            "kubelet", "is not installed: no kubelet.service, and no program in /usr/bin or /usr/local/bin",
            "install it, such as with 'apt install kubelet' from pkgs.k8s.io, and join the node"
        )
    },
    Rule("kubelet-unit-missing", .configuration) { facts in
        let kubelet = facts.kubelet
        guard facts.areUnitsKnown, kubelet.process == nil, kubelet.service == nil, let program = kubelet.program else {
            return nil
        }
        return (
            kubelet.unitName, "is not known to systemd, although '\(program)' exists, and no kubelet runs",
            "install the unit of your distribution's package, and run 'systemctl daemon-reload' and 'systemctl enable --now "
                + "\(kubelet.unitName)'"
        )
    },
    Rule("kubelet-masked", .configuration) { unusable($0.kubelet.service, $0.kubelet.unitName, $0.kubelet.log) },
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
]

/// Returns the finding for a unit that is masked or whose files systemd cannot use, or `nil` for any other unit.
func unusable(_ service: Service?, _ name: String, _ log: UnitLog) -> Rule.Found? {
    guard let load = service?.load, load != "loaded" else { return nil }
    if load == "masked" {
        let fix = "run 'systemctl unmask \(name) && systemctl enable --now \(name)'"
        return (name, "is masked, so that nothing can start it", fix)
    }
    let words = ["Refusing", "Failed to parse", "Invalid", "not executable", "Missing"]
    let reason = log.manager.last { line in words.contains(where: line.contains) }
    return (
        name, "systemd cannot use its file (\(load))" + (reason.map { ": \($0)" } ?? ""),
        "correct the files that 'systemctl cat \(name)' shows ('systemd-analyze verify \(name)' checks them), and run "
            + "'systemctl daemon-reload && systemctl restart \(name)'"
    )
}

/// Returns how a service fails, as a predicate, or `nil` if it has not failed and is not being restarted.
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

/// Returns a program's last error or, if there is none or the program could not be started, systemd's last error.
func lastWords(_ log: UnitLog, isStartRefused: Bool) -> String? {
    // systemd writes the excluded lines after every failure.
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

/// Returns the finding for a kubelet error, or `nil` if the error contains none of ``knownTexts``.
func knownFinding(_ error: String, _ facts: Facts) -> Finding? {
    guard let known = knownTexts.first(where: { error.contains($0.text) }) else { return nil }
    let kubelet = facts.kubelet
    let start = error.firstRange(of: known.text)?.lowerBound ?? error.startIndex
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
    finding.blocks = .kubelet
    return finding
}

/// The advice to join a node again; kubeadm requires a reset first.
let joiningAgain =
    "run 'kubeadm token create --print-join-command' on a control plane; then run 'kubeadm reset' and the printed command here"

/// The known errors that end kubelets 1.25 to 1.36, the most specific first.
///
/// In a fix, CONFIG stands for the configuration file, FLAG for the flag that the error names, and RESTART for the
/// command that restarts the kubelet.
private let knownTexts: [(text: String, code: String, area: Area, subject: String, fix: String)] = [
    (
        "unknown flag: ", "kubelet-flag", .configuration, "flags of the kubelet",
        "remove FLAG, which this version of the kubelet does not have; then RESTART"
    ),
    (
        "failed to parse kubelet flag", "kubelet-flag", .configuration, "flags of the kubelet",
        "correct FLAG; then RESTART"
    ),
    (
        "unknown field ", "kubelet-config", .configuration, "configuration of the kubelet",
        "remove the field in CONFIG, which this version of the kubelet does not have, or correct its name; then RESTART"
    ),
    (
        "failed to load kubelet config file", "kubelet-config", .configuration, "configuration of the kubelet",
        "correct CONFIG; then RESTART"
    ),
    (
        "failed to validate kubelet configuration", "kubelet-config", .configuration, "configuration of the kubelet",
        "correct the setting in CONFIG; then RESTART"
    ),
    (
        "running with swap on is not supported", "swap-on", .machine, "swap",
        "run 'swapoff -a' and remove it from /etc/fstab, or set 'failSwapOn: false' in CONFIG; then RESTART"
    ),
    (
        "bind: address already in use", "port-taken", .kubelet, "a port of the kubelet",
        "stop the program that 'ss -tlnp' shows at this port; then RESTART"
    ),
    (
        "no space left on device", "disk-full", .machine, "a disk of the node",
        "free space: 'df -h' and 'df -i' show where; if both have some, raise fs.inotify.max_user_watches"
    ),
]

/// Returns the codes, or prefixes of the codes, of faults that can explain a kubelet error.
func explanations(of error: String) -> [String] {
    let links: [(words: String, codes: [String])] = [
        ("expired", ["certificate", "server-certificate", "clock"]), ("not yet valid", ["clock", "certificate"]),
        ("x509", ["certificate", "credentials", "clock", "wrong-ca", "server-"]),
        ("tls: ", ["certificate", "credentials", "wrong-ca", "server-"]),
        ("certificate", ["certificate", "credentials", "csr-", "kubeconfig"]),
        ("kubeconfig", ["kubeconfig", "credentials", "certificate"]), ("config file", ["kubelet-config"]),
        ("Unauthorized", ["unauthorized", "certificate", "clock"]),
        ("dial tcp", ["server-", "no-route", "dns"]), ("no such host", ["dns"]),
        ("i/o timeout", ["server-", "no-route"]),
        ("runtime", ["runtime", "cri-"]), ("dial unix", ["runtime", "cri-"]), ("PLEG", ["runtime"]),
        ("no space left", ["disk-full"]),
    ]
    return links.filter { error.contains($0.words) }.flatMap(\.codes)
}
