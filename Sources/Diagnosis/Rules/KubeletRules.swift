import Base
import Host
import YAML

/// Finds faults of the kubelet's unit, program and configuration file.
func configurationFindings(_ facts: Facts) -> [Finding] {
    let kubelet = facts.kubelet
    guard kubelet.isKnown else { return [] }
    if kubelet.program == nil, kubelet.unitPath == nil, kubelet.process == nil {
        return [
            Finding(
                "kubelet-not-installed",
                in: .configuration,
                blocks: .machine,
                "kubelet",
                "is not installed: no kubelet.service, no k3s, and no program in /usr/bin or /usr/local/bin",
                fix: "install it, such as with 'apt install kubelet' from pkgs.k8s.io, and join the node"
            )
        ]
    }
    return unitFindings(facts) + unitSettingFindings(facts.kubeletUnit) + programFindings(facts) + fileFindings(facts)
        + namedFileFindings(facts) + settingFindings(facts)
}

extension Facts {
    /// The kubelet's unit.
    var kubeletUnit: ExaminedUnit {
        let pods = cluster.pods.filter { !$0.hasEnded }
        return ExaminedUnit(
            name: kubelet.unitName,
            code: "kubelet",
            area: .configuration,
            blocks: isReady ? .pods : kubeletWorks ? .server : .configuration,
            details: kubelet.unit,
            files: kubelet.unitFile,
            // The errors of a kubelet that is Ready may be of the past, but not those of its pods.
            lines: isReady ? pods.map { podMessage($0, self) } : kubelet.lines.map(\.text),
            managerLines: kubelet.managerLines,
            age: kubelet.process?.age,
            isStarted: kubeletWorks,
            isWorking: isReady && pods.isEmpty
        )
    }
}

private func unitFindings(_ facts: Facts) -> [Finding] {
    let kubelet = facts.kubelet
    let name = kubelet.unitName
    if kubelet.process == nil, kubelet.unitPath == nil || kubelet.unit?.state.load == "not-found" {
        let isUnread = kubelet.unitPath != nil
        return [
            Finding(
                "kubelet-unit-missing",
                in: .configuration,
                blocks: .configuration,
                isUnread ? kubelet.unitPath ?? name : name,
                isUnread
                    ? "systemd has not read it yet"
                    : "does not exist, although '\(kubelet.program ?? "kubelet")' does"
                        + (facts.isThisMachine ? ", and no kubelet runs" : ""),
                fix: isUnread
                    ? "run 'systemctl daemon-reload && systemctl enable --now \(name)'"
                    : "install the unit of your distribution's package, and run 'systemctl enable --now \(name)'"
            )
        ]
    }
    var findings: [Finding] = []
    if let unit = kubelet.unit, let fault = unitFault(unit, code: "kubelet", area: .configuration, kubelet.managerLines)
    {
        findings.append(fault)
    }
    for path in kubelet.missingEnvironmentFiles {
        findings.append(
            Finding(
                "environment-file",
                in: .configuration,
                path,
                "does not exist, and \(name) needs it ('EnvironmentFile=')",
                fix:
                    "write the file, or write 'EnvironmentFile=-\(path)' in the unit, and run 'systemctl daemon-reload && "
                    + "systemctl restart \(name)'"
            )
        )
    }
    return findings
}

private func programFindings(_ facts: Facts) -> [Finding] {
    let kubelet = facts.kubelet
    guard kubelet.process == nil, let program = kubelet.program, kubelet.unit?.state.load != "masked" else { return [] }
    if let fault = kubelet.programFault {
        return [
            Finding(
                "kubelet-program",
                in: .configuration,
                program,
                "the program of \(kubelet.unitName) \(fault.reason)",
                fix: fault.advice
            )
        ]
    }
    guard program.isAbsolutePath, kubelet.isProgramMissing else { return [] }
    let startFile = kubelet.unitFile.program?.setting.path ?? kubelet.unitPath ?? kubelet.unitName
    return [
        Finding(
            "kubelet-program",
            in: .configuration,
            program,
            "does not exist, and \(kubelet.unitName) starts it",
            fix: "install the kubelet there, or correct 'ExecStart=' in \(printable(startFile)) and "
                + "run 'systemctl daemon-reload'; then run 'systemctl restart \(kubelet.unitName)'"
        )
    ]
}

private func fileFindings(_ facts: Facts) -> [Finding] {
    let file = facts.kubelet.configuration
    guard let path = file.path, let problem = file.problem, !file.isDenied else { return [] }
    let place = problem.location?.position.map { ":\($0.line):\($0.column)" } ?? ""
    let isMissing = problem.message == "does not exist"
    let isJoined = facts.kubelet.kubeconfig.exists || facts.kubelet.bootstrap.exists
    let restart = "run 'systemctl restart \(facts.kubelet.unitName)'"
    let fix =
        isMissing
        ? isJoined
            ? "write the file, or correct \(facts.kubelet.place(ofFlag: "config")); then run "
                + "'\(facts.kubelet.restart(afterChangeOf: "config"))'"
            : "the node has not been joined: run 'kubeadm join', which writes it, or write it"
        : [problem.hint ?? "correct it", restart].joined(separator: "; ")
    return [
        Finding("kubelet-config", in: .configuration, "\(path)\(place)", problem.message, fix: fix)
    ]
}

/// Finds settings that name a file that cannot be used.
private func namedFileFindings(_ facts: Facts) -> [Finding] {
    let kubelet = facts.kubelet
    // The kubeconfig may name the same file, and is looked at with its fault. A certificate and its key are one fault.
    let hasCertificate = !kubelet.namedFiles.contains { $0.key == "tlsCertFile" }
    let faults = kubelet.namedFiles.filter { fault in
        kubelet.kubeconfig.problem?.message.contains("'\(fault.path)'") != true
            && (hasCertificate || fault.key != "tlsPrivateKeyFile")
    }
    return faults.map { fault in
        let isOfPods = fault.key == "resolvConf"
        let file = kubelet.configuration.path ?? "the configuration"
        let place = fault.flag.map(kubelet.place) ?? "'\(fault.key)' in '\(printable(file))'"
        let line = fault.line.map { ":\($0)" } ?? ""
        let restart = kubelet.restart(
            afterChange: fault.flag.map { kubelet.argumentSources[$0] } ?? SettingSource(file, isUnit: false)
        )
        let action =
            switch fault.key {
            case "clientCAFile":
                "write the path of the cluster's CA in \(place), which kubeadm has at '/etc/kubernetes/pki/ca.crt', or copy that "
                    + "file of a control plane to '\(printable(fault.path))'"
            case "resolvConf":
                "write '/etc/resolv.conf', or with systemd-resolved '/run/systemd/resolve/resolv.conf', in \(place)"
            case "tlsCertFile", "tlsPrivateKeyFile":
                "put the files there, or remove 'tlsCertFile' and 'tlsPrivateKeyFile' where they are set (\(place)): the kubelet then "
                    + "makes a certificate itself"
            default: "correct or remove \(place), or write the file"
            }
        return Finding(
            fault.key == "clientCAFile" ? "client-ca" : "kubelet-file",
            in: .configuration,
            blocks: isOfPods ? .pods : .kubelet,
            fault.flag.map { "flag '--\($0)'" } ?? "\(file)\(line): \(fault.key)",
            "names '\(printable(fault.path))', which \(fault.reason)" + (isOfPods ? ", so that no pod starts" : ""),
            fix: "\(action); then run '\(restart)'"
        )
    }
}

private func settingFindings(_ facts: Facts) -> [Finding] {
    guard let root = facts.kubelet.configuration.root, let path = facts.kubelet.configuration.path else { return [] }
    var findings: [Finding] = []
    let kind = root["kind"]?.string
    if kind != "KubeletConfiguration" {
        findings.append(
            Finding(
                "kubelet-config",
                in: .configuration,
                path,
                kind.map { "is of kind '\(printable($0))', not KubeletConfiguration" } ?? "has no 'kind'",
                fix: "write 'kind: KubeletConfiguration' and 'apiVersion: kubelet.config.k8s.io/v1beta1', and run "
                    + "'systemctl restart \(facts.kubelet.unitName)'"
            )
        )
    }
    let servers = (root["clusterDNS"]?.sequence ?? []).compactMap(\.string)
    if let server = servers.first(where: { IPAddress($0) == nil }) {
        findings.append(
            Finding(
                "cluster-dns",
                in: .configuration,
                blocks: .pods,
                "\(path): clusterDNS",
                "has '\(printable(server))', which is no IP address, so that pods do not use the DNS of the cluster",
                fix:
                    "write the address of Service kube-dns ('kubectl -n kube-system get service kube-dns'), and run 'systemctl restart "
                    + "\(facts.kubelet.unitName)'"
            )
        )
    }
    let version = root["apiVersion"]?.string
    if kind == "KubeletConfiguration", version != "kubelet.config.k8s.io/v1beta1" {
        findings.append(
            Finding(
                "kubelet-config",
                in: .configuration,
                "\(path): apiVersion",
                version.map { "is '\(printable($0))', which the kubelet does not have" } ?? "is missing",
                fix:
                    "write 'apiVersion: kubelet.config.k8s.io/v1beta1', and run 'systemctl restart \(facts.kubelet.unitName)'"
            )
        )
    }
    let driver = root["cgroupDriver"]?.string
    if let driver, driver != "systemd", driver != "cgroupfs" {
        findings.append(
            Finding(
                "kubelet-config",
                in: .configuration,
                "\(path): cgroupDriver",
                "is '\(printable(driver))', expected 'systemd' or 'cgroupfs'",
                fix: "correct it, and run 'systemctl restart \(facts.kubelet.unitName)'"
            )
        )
    }
    return findings
}

/// Finds faults of a kubelet that should run.
func kubeletFindings(_ facts: Facts) -> [Finding] {
    portFindings(facts) + stateFindings(facts)
}

private func portFindings(_ facts: Facts) -> [Finding] {
    facts.kubelet.portHolders.sorted { $0.key < $1.key }.compactMap { port, holder in
        guard holder.process != facts.kubelet.process?.identifier, !holder.name.isEmpty,
            !["kubelet", "k3s", "k3s-server", "k3s-agent", "rke2"].contains(holder.name)
        else { return nil }
        return Finding(
            "port-taken",
            in: .kubelet,
            "port \(port)",
            "process \(holder.process) ('\(printable(holder.name))') listens there, and the kubelet needs it",
            fix:
                "end it with 'kill \(holder.process)', or stop its unit, which 'systemctl status \(holder.process)' shows, or give it "
                + "another port; then run 'systemctl restart \(facts.kubelet.unitName)'"
        )
    }
}

private func stateFindings(_ facts: Facts) -> [Finding] {
    let kubelet = facts.kubelet
    guard let unit = kubelet.unit, unit.state.load == "loaded" else {
        guard kubelet.unit == nil, kubelet.process == nil, kubelet.unitPath != nil, facts.isThisMachine else {
            return healthFindings(facts)
        }
        return [
            Finding(
                "kubelet-stopped",
                .symptom,
                in: .kubelet,
                "kubelet",
                "no such process runs",
                fix: "run 'systemctl start \(kubelet.unitName)', and see 'journalctl -u \(kubelet.unitName)'"
            )
        ]
    }
    let name = unit.name
    let status = unit.exitStatus.map { ", exit status \($0)" } ?? ""
    switch unit.state.active {
    case "active":
        return (facts.isRestartedAgain ? [] : healthFindings(facts)) + recentStart(facts, unit)
    case "inactive" where !unit.hasConditions:
        return [
            Finding(
                "kubelet-condition",
                in: .kubelet,
                name,
                "was not started, because a condition of its unit is not met",
                fix: "see 'systemctl status \(name)' for the condition"
            )
        ]
    case "inactive":
        let isEnabled = ["enabled", "static", "enabled-runtime", "indirect", "generated"].contains(unit.file)
        return [
            Finding(
                "kubelet-stopped",
                in: .kubelet,
                name,
                isEnabled ? "is stopped" : "is stopped and \(unit.file.isEmpty ? "not enabled" : unit.file)",
                fix: "run 'systemctl \(isEnabled ? "start" : "enable --now") \(name)'"
            )
        ]
    case "failed":
        return [
            failure(
                facts,
                "has failed (\(unit.result)\(status)), and systemd does not restart it",
                andThen: "run 'systemctl restart \(name)'"
            )
        ]
    default:
        if unit.isRestarting { return [failure(facts, "ends again and again" + ending(unit))] }
        guard let change = unit.change else { return healthFindings(facts) }
        return [failure(facts, "is \(change)", code: "kubelet-\(change)")]
    }
}

extension UnitDetails {
    /// Whether a signal that nobody sends on purpose has ended the program of the unit.
    fileprivate var isKilled: Bool { ["signal", "core-dump"].contains(result) }
}

/// Describes how the kubelet has ended, in parentheses.
private func ending(_ unit: UnitDetails) -> String {
    let count = unit.restartCount
    let restarts = count > 0 ? "\(count) restart\(count == 1 ? "" : "s")" : nil
    let kind = unit.isKilled ? "signal" : "exit status"
    let status = unit.process == nil ? unit.exitStatus.map { "\(kind) \($0)" } : nil
    let parts = [restarts, status].compactMap(\.self)
    return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
}

/// Returns the finding of a kubelet that ends, with its last words.
private func failure(
    _ facts: Facts,
    _ state: String,
    code: String = "kubelet-fails",
    andThen action: String? = nil,
) -> Finding {
    let name = facts.kubelet.unitName
    // The log of a program that a signal has ended does not have the reason.
    if facts.kubelet.unit?.isKilled == true {
        return Finding(
            code,
            unitSettingFindings(facts.kubeletUnit).isEmpty ? .cause : .symptom,
            in: .kubelet,
            name,
            "\(state): a signal has ended its program",
            fix: "install the kubelet again, whose file may be damaged; see 'journalctl -u \(name) -n 50' and 'dmesg'"
        )
    }
    let words = lastWords(facts)
    let advice = facts.kubelet.isK3s ? nil : words.flatMap(facts.kubelet.advice)
    return Finding(
        code,
        .symptom,
        in: .kubelet,
        name,
        state + (words.map { ": \($0)" } ?? ""),
        fix: advice ?? "correct what it reports: see 'journalctl -u \(name) -n 50'"
            + (action.map { ", then \($0)" } ?? "")
    ).having(error: words)
}

/// Finds a kubelet that is between two of many restarts.
private func recentStart(_ facts: Facts, _ unit: UnitDetails) -> [Finding] {
    let age = facts.kubelet.process?.age ?? .zero
    guard unit.restartCount > 0, age < .seconds(20), !facts.kubeletWorks, !facts.isReady else { return [] }
    return [failure(facts, "ends again and again" + ending(unit))]
}

/// The kubelet's own last error, or systemd's about its unit.
private func lastWords(_ facts: Facts) -> String? {
    // With such a status systemd has not started the program.
    let isOfSystemd = facts.kubelet.unit?.exitStatus.map { (200...245).contains($0) } ?? false
    if !isOfSystemd, let words = lastKubeletError(facts.kubelet.lines) { return words }
    let words = facts.kubelet.managerLines.last { line in
        // systemd ends with this line whatever the reason is.
        !line.hasPrefix("Failed to start ")
            && ["Failed to", "Failed at step", "Dependency failed"].contains(where: line.contains)
    }
    return words.map(shortened)
}

private func healthFindings(_ facts: Facts) -> [Finding] {
    switch facts.kubelet.health {
    case .unhealthy(let text):
        return [
            Finding(
                "kubelet-unhealthy",
                .symptom,
                in: .kubelet,
                "kubelet",
                "its health check fails: \(shortened(text))",
                fix:
                    "run 'systemctl restart \(facts.kubelet.unitName)', and see 'journalctl -u \(facts.kubelet.unitName)'"
            ).having(error: text)
        ]
    case .silent:
        return [
            Finding(
                "kubelet-hangs",
                in: .kubelet,
                "kubelet",
                "process \(facts.kubelet.process?.identifier ?? 0) does not answer at its health port",
                fix: "run 'systemctl restart \(facts.kubelet.unitName)'; 'kill -CONT' it if it was stopped by a signal"
            )
        ]
    case nil where facts.isThisMachine && facts.kubelet.process != nil && !facts.kubeletWorks,
        .refused where !facts.kubeletWorks && !facts.waitsForCertificate:
        return [
            Finding(
                "kubelet-starting",
                .symptom,
                in: .kubelet,
                // A kubelet that has no certificate yet has no health check either.
                blocks: facts.kubelet.usesBootstrap ? .server : .kubelet,
                "kubelet",
                "process \(facts.kubelet.process?.identifier ?? 0) does not listen at its health port yet",
                fix: "wait a minute, and run this again; 'journalctl -u \(facts.kubelet.unitName)' shows what it waits "
                    + "for"
            )
        ]
    default: return []
    }
}
