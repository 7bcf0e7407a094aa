import Base
import Host

/// A unit with the settings of its files and what it has written.
struct ExaminedUnit {
    var name: String
    /// The word for its program, `kubelet` or `runtime`, with which the codes of its faults begin.
    var code: String
    var area: Area
    var blocks: Area
    /// The state, `nil` if systemd could not be asked.
    var details: UnitDetails?
    var files: UnitFileFacts
    /// The lines of the unit, the oldest first.
    var lines: [String]
    /// The lines of systemd about the unit, the oldest first.
    var managerLines: [String]
    /// The time since the start of the program, `nil` if it does not run.
    var age: Duration?
    /// Whether the program has been started, and runs.
    var isStarted: Bool
    /// Whether the program does what it has to do.
    var isWorking: Bool

    /// The command that starts the unit again after a change of its files.
    var restart: String { "systemctl daemon-reload && systemctl restart \(name)" }

    /// The result of the last start, such as `oom-kill`; systemd forgets it when it starts the unit again.
    var result: String {
        if let result = details?.result, !["", "success"].contains(result) { return result }
        guard (details?.restartCount ?? 0) > 0,
            let line = managerLines.last(where: { $0.contains("Failed with result '") }),
            let start = line.firstRange(of: "Failed with result '")?.upperBound
        else { return "" }
        return String(line[start...].prefix { $0 != "'" })
    }

    /// The number of the signal that has ended the program, `nil` if none has.
    var signal: Int32? {
        guard ["signal", "core-dump", "oom-kill"].contains(result) else { return nil }
        return details?.exitStatus
    }

    func finding(_ suffix: String, _ cause: String, fix: String) -> Finding {
        var finding = Finding("\(code)-\(suffix)", in: area, blocks: blocks, name, cause, fix: fix)
        // The error with which the program ends is a consequence.
        finding.isEnding = true
        return finding
    }

    func setting(_ keys: [String]) -> UnitFileFacts.Setting? {
        keys.lazy.compactMap { files.setting($0) }.first { !Self.isOff($0.value) }
    }

    /// Returns whether an error may be one of a setting: if the setting names paths, about one of them.
    func concerns(_ key: String, _ error: String) -> Bool {
        guard ["InaccessiblePaths", "InaccessibleDirectories", "TemporaryFileSystem"].contains(key) else { return true }
        let values = files.setting(key).map { words(in: $0.value) } ?? []
        return values.contains { value in
            let path = String(value.drop { "-+".contains($0) }.prefix { $0 != ":" })
            return paths(in: error.replacing("\\", with: "")).contains { isPath($0, at: path) }
        }
    }

    static func isOff(_ value: String) -> Bool { ["no", "false", "0", "off", ""].contains(value.lowercased()) }
}

/// Finds settings of a unit that keep its program from starting, or from what it has to do.
func unitSettingFindings(_ unit: ExaminedUnit) -> [Finding] {
    guard unit.details?.state.load != "masked" else { return [] }
    if unit.isStarted {
        // A program that runs is not started again.
        let notes = requirementFindings(unit).map { finding in
            var note = finding
            note.kind = .note
            return note
        }
        return notes + againFindings(unit) + (unit.isWorking ? [] : startedFindings(unit))
    }
    guard !unit.isWorking else { return [] }
    let ofStart = userFindings(unit) + directoryFindings(unit) + commandFindings(unit) + conditionFindings(unit)
    if !ofStart.isEmpty { return ofStart }
    return [limitFinding(unit) ?? stepFinding(unit) ?? networkFinding(unit) ?? confinementFinding(unit)].compactMap(
        \.self
    )
}

/// Finds a limit that ends a program again and again, which runs in between.
private func againFindings(_ unit: ExaminedUnit) -> [Finding] {
    guard let age = unit.age, age < .seconds(120), (unit.details?.restartCount ?? 0) > 0,
        var finding = limitFinding(unit)
    else { return [] }
    finding.blocks = .pods
    return [finding]
}

/// Finds settings that keep a program that runs from what it has to do.
private func startedFindings(_ unit: ExaminedUnit) -> [Finding] {
    let ofNetwork = unit.blocks == .pods ? nil : networkFinding(unit)
    return [ofNetwork ?? confinementFinding(unit) ?? quotaFinding(unit)].compactMap(\.self)
}

private func userFindings(_ unit: ExaminedUnit) -> [Finding] {
    let user = unit.files.setting("User").flatMap { ["", "root", "0"].contains($0.value) ? nil : $0 }
    guard let setting = user ?? unit.setting(["DynamicUser"]) else { return [] }
    return [
        unit.finding(
            "user",
            "does not run its program as root (\(setting.place)), and the program needs root",
            fix: "remove '\(setting.key)=' in '\(printable(setting.path))', and run '\(unit.restart)'"
        )
    ]
}

private func directoryFindings(_ unit: ExaminedUnit) -> [Finding] {
    unit.files.missingDirectories.map { setting in
        unit.finding(
            "directory",
            "cannot be started, because \(setting.place) does not exist",
            fix: "correct or remove '\(setting.key)=' in '\(printable(setting.path))', or run 'mkdir -p "
                + "\(printable(setting.value))'; then run '\(unit.restart)'"
        )
    }
}

private func commandFindings(_ unit: ExaminedUnit) -> [Finding] {
    guard unit.details?.state.active != "active" else { return [] }
    let hasFailed = unit.managerLines.contains { $0.contains("Control process exited") }
    let failing = unit.files.commands.filter { $0.failure != nil || $0.fault != nil }
    let only = unit.files.commands.count == 1 && hasFailed ? unit.files.commands : []
    return (failing.isEmpty ? only : failing).prefix(1).map { command in
        let (setting, program) = (command.setting, printable(command.program))
        let words = unit.lines.last { !$0.isEmpty && !isKlog($0) && !isOfManager($0) }
        let output = command.fault == nil ? words.map { ": \(printable(shortened($0)))" } ?? "" : ""
        let reason = command.fault.map { "'\(program)' \($0)" } ?? "it fails (\(command.failure ?? "see its output"))"
        let kind =
            setting.key == "ExecStartPost"
            ? "is ended, because of the command after its start" : "is not started, because of the command before it"
        return unit.finding(
            "command",
            "\(kind), \(setting.place): \(reason)\(output)",
            fix: (command.fault == nil ? "correct what the command reports" : "install '\(program)'")
                + ", or correct or remove '\(setting.key)=' in '\(printable(setting.path))'; then run '\(unit.restart)'"
        )
    }
}

/// Returns whether a line is one of the process that systemd starts before it becomes the unit's program.
private func isOfManager(_ line: String) -> Bool { line.contains("Failed at step ") || line.contains(".service: ") }

private func conditionFindings(_ unit: ExaminedUnit) -> [Finding] {
    guard unit.details?.state.active != "active", unit.details?.state.active != "activating" else { return [] }
    let start = "run 'systemctl daemon-reload && systemctl start \(unit.name)'"
    let ofPaths = unit.files.unmetConditions.map { setting in
        let isNegated = setting.value.hasPrefix("!")
        let path = printable(setting.value.drop { "! ".contains($0) }.description)
        return unit.finding(
            "condition",
            "was not started, because \(setting.place) is not met: '\(path)' \(isNegated ? "exists" : "does not exist")",
            fix: "\(isNegated ? "remove '\(path)'" : "create '\(path)'"), or remove the setting; then \(start)"
        )
    }
    return ofPaths + requirementFindings(unit)
}

/// Finds units that must be started before and that do not exist.
private func requirementFindings(_ unit: ExaminedUnit) -> [Finding] {
    unit.files.missingUnits.map { setting in
        unit.finding(
            "requirement",
            "cannot be started, because \(setting.place) does not exist",
            fix: "install that unit, or remove '\(setting.key)=' in '\(printable(setting.path))'; then run 'systemctl "
                + "daemon-reload && systemctl start \(unit.name)'"
        )
    }
}

/// Finds a limit of a unit that has ended its program.
private func limitFinding(_ unit: ExaminedUnit) -> Finding? {
    func correcting(_ setting: UnitFileFacts.Setting) -> String {
        "raise or remove '\(setting.key)=' in '\(printable(setting.path))', and run '\(unit.restart)'"
    }
    let result = unit.result
    let isOfMemory = result == "oom-kill" || unit.managerLines.contains { $0.contains("OOM killer") }
    if isOfMemory || unit.signal == 9, let setting = unit.setting(["MemoryMax", "MemoryLimit", "MemoryHigh"]) {
        return unit.finding(
            "memory",
            "its program is ended, because it needs more memory than \(setting.place)",
            fix: correcting(setting)
        )
    }
    if isOfMemory {
        return unit.finding(
            "memory",
            "the kernel has ended its program, because no memory was left (\(result))",
            fix:
                "stop what uses the memory ('ps aux --sort=-rss | head', 'dmesg'), or add some; then run 'systemctl restart "
                + "\(unit.name)'"
        )
    }
    let ofResults = [
        "timeout": ["Type", "RuntimeMaxSec", "TimeoutStartSec", "TimeoutSec"], "protocol": ["Type"],
        "watchdog": ["WatchdogSec"],
    ]
    if let keys = ofResults[result], let setting = unit.setting(keys), setting.value != "notify" || result == "watchdog"
    {
        let cause = "systemd has ended its program (\(result)), because of \(setting.place)"
        return unit.finding("limit", cause, fix: correcting(setting).replacing("raise", with: "correct"))
    }
    let ofSignals: [Int32: [String]] = [31: ["SystemCallFilter"], 24: ["LimitCPU"], 25: ["LimitFSIZE"]]
    if let signal = unit.signal, let keys = ofSignals[signal], let setting = unit.setting(keys) {
        let cause = "signal \(signal) has ended its program, because of \(setting.place)"
        return unit.finding("limit", cause, fix: correcting(setting).replacing("raise", with: "correct"))
    }
    return nil
}

/// Finds a program that gets so little time of the processors that it does not answer.
private func quotaFinding(_ unit: ExaminedUnit) -> Finding? {
    guard unit.blocks != .pods, let setting = unit.setting(["CPUQuota"]), setting.value.hasSuffix("%"),
        let percent = Double(setting.value.dropLast()), percent < 20
    else { return nil }
    return unit.finding(
        "limit",
        "its program may be too slow, because of \(setting.place)",
        fix: "raise or remove 'CPUQuota=' in '\(printable(setting.path))', and run '\(unit.restart)'"
    )
}

/// The settings that a step of systemd's start needs.
private let settingsOfSteps: [String: [String]] = [
    "CHDIR": ["WorkingDirectory"], "CHROOT": ["RootDirectory"], "USER": ["User"], "GROUP": ["Group"],
    "CAPABILITIES": ["CapabilityBoundingSet"], "SECCOMP": ["SystemCallFilter", "SystemCallArchitectures"],
    "NETWORK": ["NetworkNamespacePath", "PrivateNetwork"], "LIMITS": ["LimitNOFILE", "LimitNPROC", "LimitMEMLOCK"],
    "STDOUT": ["StandardOutput"], "STDERR": ["StandardError"], "CREDENTIALS": ["LoadCredential"],
    "APPARMOR": ["AppArmorProfile"], "SELINUX": ["SELinuxContext"],
    "NAMESPACE": [
        "InaccessiblePaths", "ReadOnlyPaths", "TemporaryFileSystem", "RootDirectory", "NoExecPaths",
        "ReadOnlyDirectories",
        "InaccessibleDirectories", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices",
    ],
]

/// Finds the step of the start at which systemd has failed.
private func stepFinding(_ unit: ExaminedUnit) -> Finding? {
    let lines = unit.managerLines + unit.lines
    guard let line = lines.last(where: { $0.contains("Failed at step ") }),
        let start = line.firstRange(of: "Failed at step ")?.upperBound
    else { return nil }
    let step = String(line[start...].prefix { $0 != " " })
    // The program itself is looked at by another rule.
    guard let keys = settingsOfSteps[step] else { return nil }
    let detail = lines.last { $0.contains("\(unit.name): ") && $0.contains("Failed to set up") }
    let setting = unit.setting(keys)
    let words = printable(shortened(detail ?? line))
    return unit.finding(
        "start",
        "systemd cannot start its program\(setting.map { ", because of \($0.place)" } ?? ""): \(words)",
        fix: (setting.map { "correct or remove '\($0.key)=' in '\(printable($0.path))'" }
            ?? "correct the setting that it names: see 'systemctl cat \(unit.name)'") + ", and run '\(unit.restart)'"
    )
}

/// Finds a unit whose program does not have the network of the machine.
private func networkFinding(_ unit: ExaminedUnit) -> Finding? {
    guard
        let setting = unit.setting([
            "PrivateNetwork", "NetworkNamespacePath", "IPAddressDeny", "RestrictNetworkInterfaces",
        ])
    else { return nil }
    return unit.finding(
        "network",
        "its program may not use the network of the machine: \(setting.place)",
        fix: "remove '\(setting.key)=' in '\(printable(setting.path))', and run '\(unit.restart)'"
    )
}

/// Words of errors, with the settings of a unit that lead to them.
private let confinements: [(words: [String], keys: [String])] = [
    (
        ["read-only file system"],
        [
            "ReadOnlyPaths", "ReadOnlyDirectories", "ProtectSystem", "ProtectKernelTunables", "ProtectControlGroups",
            "ProtectHome",
        ]
    ),
    (
        ["permission denied", "operation not permitted"],
        [
            "InaccessiblePaths", "InaccessibleDirectories", "CapabilityBoundingSet", "PrivateUsers", "NoExecPaths",
            "SystemCallFilter", "ProtectKernelLogs", "PrivateDevices", "DevicePolicy", "DeviceAllow",
            "RestrictNamespaces",
            "ProtectClock", "ProtectProc", "AppArmorProfile", "SELinuxContext", "RestrictSUIDSGID",
            "ProtectKernelTunables",
            "ProtectHome", "NoNewPrivileges", "SocketBindDeny",
        ]
    ),
    (["address family not supported"], ["RestrictAddressFamilies"]),
    (
        ["no such file or directory"],
        [
            "InaccessiblePaths", "InaccessibleDirectories", "PrivateDevices", "TemporaryFileSystem", "RootDirectory",
            "RootImage", "PrivateTmp", "ProcSubset",
            "ProtectHome",
        ]
    ),
    (["too many open files"], ["LimitNOFILE"]),
    (["resource temporarily unavailable", "failed to create new os thread"], ["TasksMax", "LimitNPROC"]),
    (["cannot allocate memory", "out of memory"], ["LimitAS", "LimitDATA", "LimitRSS", "MemoryMax", "LimitMEMLOCK"]),
    (["file too large"], ["LimitFSIZE"]), (["executable file not found"], ["PATH"]),
]

/// Finds the setting of a unit that leads to the error of its program.
private func confinementFinding(_ unit: ExaminedUnit) -> Finding? {
    let errors = unit.lines.filter(isError)
    for (words, keys) in confinements {
        let error = errors.last { line in words.contains { line.lowercased().contains($0) } }
        guard let error, let setting = unit.setting(keys.filter { unit.concerns($0, error) }) else { continue }
        return unit.finding(
            "confined",
            "its program fails, probably because of \(setting.place): \(printable(shortened(errorText(error))))",
            fix: "remove '\(setting.key)=' in '\(printable(setting.path))', and run '\(unit.restart)'"
        )
    }
    return nil
}
