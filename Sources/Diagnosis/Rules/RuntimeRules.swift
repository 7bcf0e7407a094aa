import Base
import Host
import Kubernetes

/// Finds faults of the container runtime.
func runtimeFindings(_ facts: Facts) -> [Finding] {
    let runtime = facts.runtime
    guard facts.kubelet.isKnown else { return [] }
    guard !facts.kubelet.isK3s || runtime.answer == .silent else { return versionFindings(facts) }
    guard let path = runtime.socketPath else { return [wrongEndpoint(runtime)] }
    let name = runtime.unitName
    switch runtime.answer {
    case nil, .denied: return versionFindings(facts)
    case .version: return conditionFindings(facts) + versionFindings(facts)
    case .missing, .refused:
        let ofUnit = runtime.unit.map { unitSettingFindings(runtime.examined($0)) } ?? []
        let found = ofUnit + programFindings(runtime) + otherFileFindings(runtime, path)
        return found.isEmpty ? absent(facts, path, name) : found
    case .withoutInterface: return [withoutInterface(runtime, path, name)]
    case .silent:
        return [
            Finding(
                "runtime-hangs",
                in: .runtime,
                "\(name) at '\(path)'",
                "accepts connections, and does not answer",
                fix: "run 'systemctl restart \(name)'; if it hangs again, see 'journalctl -u \(name)' and the disk"
            )
        ]
    case .failed(let reason):
        return [
            Finding(
                "runtime-socket",
                in: .runtime,
                "socket '\(path)'",
                "\(reason)",
                fix: "name the socket of the container runtime in \(runtime.setting ?? "'containerRuntimeEndpoint'")"
                    + others(than: path, runtime)
            )
        ]
    }
}

/// Finds why a container runtime does not serve the kubelet.
private func withoutInterface(_ runtime: RuntimeFacts, _ path: String, _ name: String) -> Finding {
    let file = runtime.containerd?.path ?? "/etc/containerd/config.toml"
    if let plugin = runtime.containerd?.disabledInterface {
        return Finding(
            "cri-disabled",
            in: .runtime,
            file,
            "'disabled_plugins' contains \"\(plugin)\", so that containerd does not serve the kubelet",
            fix: "remove \"\(plugin)\" from 'disabled_plugins' there, and run 'systemctl restart \(name)'"
        )
    }
    guard let error = pluginError(runtime.lines) else {
        return Finding(
            "cri-disabled",
            in: .runtime,
            "socket '\(path)'",
            "the program there does not serve the Container Runtime Interface v1"
                + (lastError(runtime.lines).map { ": \($0)" } ?? ""),
            fix:
                "see 'journalctl -u \(name)' for why its plug-in cri did not start; containerd before 1.6 does not have v1"
        )
    }
    let snapshotter = quotedWord(after: "failed to find snapshotter ", in: error)
    let action =
        if snapshotter == "overlayfs" {
            "run 'modprobe overlay' and write 'overlay' to /etc/modules-load.d/kubernetes.conf, or write another 'snapshotter' in "
                + "\(file), such as \"native\""
        } else if let snapshotter {
            "write the name of a snapshotter that 'ctr plugins ls' lists, such as \"overlayfs\", in place of "
                + "\"\(printable(snapshotter))\" at 'snapshotter' in \(file), or install and start the one that has this name"
        } else {
            "correct \(runtime.containerd?.place(inError: error) ?? "what it names in \(file)")"
        }
    return Finding(
        "cri-fails",
        in: .runtime,
        "containerd (\(file))",
        "its plug-in for the kubelet does not start: \(printable(shortened(error)))",
        fix: "\(action), and run 'systemctl restart \(name)'"
    )
}

/// Returns the error of containerd's first plug-in for the kubelet that did not start; those that need it fail, too.
private func pluginError(_ lines: [JournalLine]) -> String? {
    let line = lines.last { line in
        line.text.contains("failed to load plugin") && line.text.contains("cri")
            && !line.text.contains("no plugins registered")
    }
    guard let text = line?.text, let start = text.firstRange(of: "error=\"")?.upperBound else { return nil }
    // Quotes in the value are escaped.
    let value = text[start...].replacing("\\\"", with: "\u{1}").prefix { $0 != "\"" }
    return String(value).replacing("\u{1}", with: "\"")
}

/// Returns the word in quotes after a text, `nil` if there is none.
func quotedWord(after text: String, in error: String) -> String? {
    guard let end = error.firstRange(of: text)?.upperBound else { return nil }
    let word = error[end...].drop { "\\\"".contains($0) }.prefix { !"\\\"".contains($0) }
    return word.isEmpty ? nil : String(word)
}

/// Finds why the program of the runtime's unit cannot be started.
private func programFindings(_ runtime: RuntimeFacts) -> [Finding] {
    guard let unit = runtime.unit, !unit.state.isActive, unit.state.load == "loaded",
        let program = runtime.unitFile.program,
        let fault = program.fault
    else { return [] }
    return [
        Finding(
            "runtime-program",
            in: .runtime,
            program.program,
            "the program of \(unit.name) \(fault)",
            fix:
                "\(program.advice ?? "install it again, such as with 'apt install --reinstall \(runtime.unitName)'"), and run "
                + "'systemctl restart \(unit.name)'"
        )
    ]
}

/// Finds a file or directory in the place of the socket, which keeps the runtime from making it.
private func otherFileFindings(_ runtime: RuntimeFacts, _ path: String) -> [Finding] {
    guard let kind = runtime.otherFile else { return [] }
    return [
        Finding(
            "runtime-socket",
            in: .runtime,
            path,
            "is a \(kind), and not the socket of the container runtime, which cannot make it",
            fix:
                "run 'rm -r \(printable(path))' and 'systemctl restart \(runtime.unitName)'; if that is the wrong place, correct "
                + (runtime.setting ?? "'containerRuntimeEndpoint'")
        )
    ]
}

private func wrongEndpoint(_ runtime: RuntimeFacts) -> Finding {
    Finding(
        "runtime-endpoint",
        in: .configuration,
        blocks: .runtime,
        "containerRuntimeEndpoint '\(runtime.endpoint)'",
        "is no socket of this machine",
        fix: "write 'unix:///run/containerd/containerd.sock', or the socket of your runtime, in "
            + (runtime.setting ?? "the kubelet's configuration")
    )
}

private func others(than path: String, _ runtime: RuntimeFacts) -> String {
    runtime.others.keys.min().map { ": unix://\($0)" } ?? ""
}

extension RuntimeFacts {
    /// The name of the runtime's unit, without its suffix.
    var unitName: String {
        if let path = socketPath {
            if path.contains("crio") { return "crio" }
            if path.contains("cri-dockerd") { return "cri-docker" }
        }
        let unit = units.first { $0.name.hasPrefix("containerd") } ?? units.first
        return unit.map { String($0.name.prefix { $0 != "." }) } ?? "containerd"
    }

    /// Returns the unit with its settings.
    fileprivate func examined(_ unit: UnitDetails) -> ExaminedUnit {
        ExaminedUnit(
            name: unit.name,
            code: "runtime",
            area: .runtime,
            blocks: .runtime,
            details: unit,
            files: unitFile,
            lines: lines.map(\.text),
            managerLines: managerLines,
            isStarted: false,
            isWorking: unit.state.isActive
        )
    }

    /// The unit of the runtime, `nil` if it is not installed.
    var unit: UnitDetails? { units.first { $0.name == "\(unitName).service" } }
}

/// Returns the last line of a program that reports an error.
func lastError(_ lines: [JournalLine]) -> String? {
    let words = ["level=fatal", "level=error", "level=panic", "containerd: ", "runtime: ", "Error: "]
    guard let line = lines.last(where: { line in words.contains { line.text.contains($0) } }) else { return nil }
    guard let start = line.text.firstRange(of: "msg=")?.upperBound else { return shortened(line.text) }
    return shortened(String(line.text[start...]))
}

/// Finds why nothing listens at the socket.
private func absent(_ facts: Facts, _ path: String, _ name: String) -> [Finding] {
    let runtime = facts.runtime
    // The runtime of the socket is meant to run, even if another one does.
    if let unit = runtime.unit, unit.file == "enabled", let finding = inactive(unit, facts) { return [finding] }
    if let (other, program) = runtime.others.min(by: { $0.key < $1.key }) {
        return [
            Finding(
                "runtime-endpoint",
                in: .configuration,
                blocks: .runtime,
                runtime.setting.map { "\($0): '\(runtime.endpoint)'" } ?? "container runtime socket '\(path)'",
                (runtime.answer == .missing ? "does not exist" : "nothing listens there")
                    + ", but \(printable(program)) answers at '\(other)'",
                fix:
                    "write unix://\(other) in \(runtime.setting ?? "'containerRuntimeEndpoint'"), and run 'systemctl restart "
                    + "\(facts.kubelet.unitName)'"
            )
        ]
    }
    guard runtime.isKnown || !runtime.units.isEmpty else { return [] }
    guard let unit = runtime.units.first(where: { $0.name == "\(name).service" }) ?? runtime.units.first else {
        if let program = runtime.programs.first {
            return [
                Finding(
                    "runtime-stopped",
                    in: .runtime,
                    "container runtime",
                    "'\(program)' is installed, but nothing listens at '\(path)'"
                        + (runtime.areUnitsKnown ? ", and no unit starts it" : ""),
                    fix: (runtime.areUnitsKnown ? "install its unit, and " : "")
                        + "run 'systemctl enable --now \(name)'"
                )
            ]
        }
        return [
            Finding(
                "runtime-not-installed",
                in: .runtime,
                "container runtime",
                "none is installed: no program and no socket '\(path)'",
                fix: "install one, such as 'apt install containerd', or name its socket in 'containerRuntimeEndpoint'"
            )
        ]
    }
    if let finding = inactive(unit, facts) { return [finding] }
    if let finding = otherAddress(facts, path, unit) { return [finding] }
    return [
        Finding(
            "runtime-endpoint",
            in: .runtime,
            "socket '\(path)'",
            "\(runtime.answer == .missing ? "does not exist" : "nothing listens there"), although \(unit.name) is running",
            fix:
                "write the socket of \(unit.name) in \(runtime.setting ?? "'containerRuntimeEndpoint'"), or run 'systemctl "
                + "restart \(unit.name)'"
        )
    ]
}

/// Finds a containerd whose configuration names another socket than the kubelet's.
private func otherAddress(_ facts: Facts, _ path: String, _ unit: UnitDetails) -> Finding? {
    let address = facts.runtime.containerd?.settings.last { setting in
        setting.table == "[grpc]" && setting.key == "address" && setting.value != path
    }
    if let address, let file = facts.runtime.containerd?.path {
        return Finding(
            "runtime-endpoint",
            in: .runtime,
            "\(file):\(address.line): address",
            "containerd listens at '\(printable(address.value))', and the kubelet uses '\(path)'"
                + (facts.runtime.setting.map { " (\($0))" } ?? ""),
            fix: "write '\(path)' at 'address' there and run 'systemctl restart \(unit.name)', or write 'unix://"
                + "\(printable(address.value))' in \(facts.runtime.setting ?? "'containerRuntimeEndpoint'") and run 'systemctl restart "
                + "\(facts.kubelet.unitName)'"
        )
    }
    return nil
}

/// Finds why the unit of the runtime is not active.
private func inactive(_ unit: UnitDetails, _ facts: Facts) -> Finding? {
    if let finding = unitFault(unit, code: "runtime", area: .runtime, facts.runtime.managerLines) { return finding }
    guard !unit.state.isActive else { return nil }
    let reason = lastError(facts.runtime.lines).map { ": \($0)" } ?? ""
    if let change = unit.change {
        return Finding(
            "runtime-\(change)",
            .symptom,
            in: .runtime,
            unit.name,
            "is \(change)\(reason)",
            fix: "wait a minute, and run this again; 'journalctl -u \(unit.name)' shows what it does"
        )
    }
    let isFailing = unit.state.active != "inactive"
    return Finding(
        isFailing ? "runtime-failed" : "runtime-stopped",
        in: .runtime,
        unit.name,
        isFailing ? "fails (\(unit.state))\(reason)" : "is not running",
        fix: isFailing
            ? "correct \(place(ofError: reason, facts)), and run 'systemctl restart \(unit.name)'"
            : "run 'systemctl enable --now \(unit.name)'"
    )
}

/// Returns the setting or the file that an error of the container runtime is about, or else where the error is.
private func place(ofError error: String, _ facts: Facts) -> String {
    let name = facts.runtime.unitName
    if let place = facts.runtime.containerd?.place(inError: error) { return place }
    if error.contains("config version"), let file = facts.runtime.containerd?.path { return "'version' in '\(file)'" }
    guard let file = facts.runtime.containerd?.path,
        error.contains(file) || error.contains("TOML") || error.contains("toml")
    else { return "what 'journalctl -u \(name).service -n 20' reports" }
    let numbers = error.firstRange(of: "(").map { error[$0.upperBound...].prefix { $0 != ")" } } ?? ""
    let line = numbers.prefix { $0.isNumber }
    return "'\(file)'" + (line.isEmpty ? "" : " in line \(line)")
        + " ('containerd config default' prints a complete file)"
}

extension ContainerdConfiguration {
    /// Returns the setting that an error names, by its key or its value, `nil` if it names none.
    func place(inError error: String) -> String? {
        let text = error.replacing("\\", with: "")
        let words = Set(text.split { " \"'`(),;:[]=".contains($0) }.map(String.init))
        let found =
            settings.first { $0.key.utf8.count > 7 && words.contains($0.key) && words.contains($0.value) }
            ?? settings.first { setting in
                setting.value.utf8.count > 2
                    && words.contains {
                        $0 == setting.value || setting.value.isAbsolutePath && isPath($0, at: setting.value)
                    }
            }
            ?? settings.first { $0.key.utf8.count > 7 && words.contains($0.key) }
        return found.map { "'\(printable($0.key))' in '\(path)' (line \($0.line))" }
    }
}

private func conditionFindings(_ facts: Facts) -> [Finding] {
    facts.runtime.conditions.filter { $0.type == "RuntimeReady" && !$0.isTrue }.map { condition in
        Finding(
            "runtime-not-ready",
            in: .runtime,
            facts.runtime.version?.name ?? "container runtime",
            "reports that it is not ready: \(condition.reason): \(condition.message)",
            fix: "see 'journalctl -u \(facts.runtime.unitName)'"
        )
    } + lowLevelFindings(facts)
}

private func lowLevelFindings(_ facts: Facts) -> [Finding] {
    guard facts.runtime.isKnown, facts.runtime.version?.name == "containerd" else { return [] }
    if let path = facts.runtime.lowLevelProgram {
        return facts.runtime.lowLevelFault.map { fault in
            [
                Finding(
                    "runc-missing",
                    in: .runtime,
                    blocks: .pods,
                    path,
                    "\(fault.reason), so that containerd cannot start containers with it",
                    fix: "\(fault.advice), or install it again, such as with 'apt install --reinstall runc'"
                )
            ]
        } ?? []
    }
    let isNotReady = facts.runtime.conditions.contains { $0.type == "RuntimeReady" && !$0.isTrue }
    let isReported = facts.recentErrors.contains { $0.contains("exec: \"runc\"") }
    return [
        Finding(
            "runc-missing",
            isNotReady || isReported ? .cause : .note,
            in: .runtime,
            blocks: .pods,
            "runc",
            isNotReady || isReported
                ? "is not installed, so that containerd cannot start containers"
                : "is not in the usual directories; containerd may be configured to use another program",
            fix: "install it, such as with 'apt install runc'"
        )
    ]
}

private func versionFindings(_ facts: Facts) -> [Finding] {
    guard let (name, version) = facts.runtime.version, name == "containerd" else { return [] }
    let number = version.drop { $0 == "v" }
    guard let kubelet = facts.kubelet.version.flatMap(KubernetesVersion.init), kubelet >= KubernetesVersion(minor: 36),
        number.hasPrefix("1.")
    else { return driverFindings(facts) }
    return driverFindings(facts) + [
        Finding(
            "old-runtime",
            .note,
            in: .runtime,
            blocks: .kubelet,
            "containerd \(version)",
            "is not supported with kubelet \(facts.kubelet.version ?? ""): 1.35 is the last version of Kubernetes that "
                + "supports containerd 1.x",
            fix: "install containerd 2"
        )
    ]
}

/// Compares the managers of control groups that the kubelet and containerd use.
private func driverFindings(_ facts: Facts) -> [Finding] {
    let containerd = facts.runtime.containerd
    guard facts.kubelet.areSettingsKnown, !facts.kubelet.isK3s, facts.runtime.isKnown,
        containerd?.isIncomplete != true, containerd?.groupSettings.count ?? 0 < 2,
        // From containerd 2 on the kubelet asks the runtime, and its own setting is not used.
        facts.runtime.version?.version.drop(while: { $0 == "v" }).hasPrefix("1.") == true
    else { return [] }
    let systemd = containerd?.groupSettings.first ?? false
    let driver = facts.kubelet.setting("cgroupDriver", flag: "cgroup-driver") ?? "cgroupfs"
    guard driver != (systemd ? "systemd" : "cgroupfs") else { return [] }
    let file = facts.kubelet.configuration.path ?? "the kubelet's flags"
    let containerdPath = containerd?.path ?? "/etc/containerd/config.toml"
    let hasFailingPods = facts.cluster.pods.contains { !$0.hasEnded }
    return [
        Finding(
            "cgroup-driver",
            facts.isReady && !hasFailingPods ? .note : .cause,
            in: .configuration,
            blocks: .pods,
            "cgroup driver",
            "the kubelet uses \(driver) (\(file)), containerd \(systemd ? "systemd" : "cgroupfs") "
                + "(\(containerdPath))",
            fix:
                "set 'SystemdCgroup = true' in \(containerdPath), and 'cgroupDriver: systemd' in \(file); "
                + "run 'systemctl restart containerd \(facts.kubelet.unitName)'"
        )
    ]
}

/// Returns a text in at most 300 characters; the middle is left out, because the end of an error has its cause.
func shortened(_ text: String) -> String { text.shortened(to: 300) }

extension UnitDetails {
    /// Whether systemd starts the unit again and again.
    var isRestarting: Bool { state.active == "activating" && (state.sub.hasPrefix("auto-restart") || restartCount > 0) }

    /// The change of a unit's state that is under way, `starting` or `stopping`; `nil` if there is none.
    var change: String? {
        switch state.active {
        case "activating": isRestarting ? nil : "starting"
        case "deactivating": "stopping"
        default: nil
        }
    }
}

/// Finds a unit that cannot be started at all.
func unitFault(_ unit: UnitDetails, code: String, area: Area, _ managerLines: [String]) -> Finding? {
    switch unit.state.load {
    case "masked":
        return Finding(
            "\(code)-masked",
            in: area,
            unit.name,
            "is masked, so that nothing can start it",
            fix: "run 'systemctl unmask \(unit.name) && systemctl enable --now \(unit.name)'"
        )
    case "bad-setting", "error":
        let words = ["Refusing", "Failed to parse", "Invalid", "not executable", "Missing"]
        let reason = managerLines.last { line in words.contains(where: line.contains) }
        return Finding(
            "\(code)-unit",
            in: area,
            unit.name,
            "systemd cannot use its file (\(unit.state.load))" + (reason.map { ": \(printable(shortened($0)))" } ?? ""),
            fix:
                "correct the files that 'systemctl cat \(unit.name)' shows ('systemd-analyze verify \(unit.name)' checks them), and "
                + "run 'systemctl daemon-reload && systemctl restart \(unit.name)'"
        )
    default: return nil
    }
}
