import Base
import Host

extension UnitFile {
    /// The settings with which a unit confines its program, and those that decide whether it starts.
    private static let keys: Set = [
        "User", "DynamicUser", "Group", "Type", "WorkingDirectory", "RootDirectory", "RootImage", "PrivateNetwork",
        "NetworkNamespacePath", "IPAddressDeny", "RestrictAddressFamilies", "RestrictNetworkInterfaces",
        "SocketBindDeny", "ReadOnlyPaths", "ReadOnlyDirectories", "InaccessiblePaths", "InaccessibleDirectories",
        "NoExecPaths", "ProtectSystem", "ProtectHome", "ProtectKernelTunables", "ProtectKernelModules",
        "ProtectKernelLogs", "ProtectControlGroups", "ProtectProc", "ProcSubset", "ProtectClock", "ProtectHostname",
        "PrivateDevices", "PrivateUsers", "PrivateTmp", "PrivateMounts", "TemporaryFileSystem", "DevicePolicy",
        "DeviceAllow", "CapabilityBoundingSet", "NoNewPrivileges", "SystemCallFilter", "SystemCallArchitectures",
        "RestrictNamespaces", "RestrictSUIDSGID", "MemoryDenyWriteExecute", "LockPersonality", "SELinuxContext",
        "AppArmorProfile", "MountFlags", "MemoryMax", "MemoryHigh", "MemoryLimit", "TasksMax", "CPUQuota",
        "LimitNOFILE", "LimitNPROC", "LimitAS", "LimitDATA", "LimitRSS", "LimitCPU", "LimitFSIZE", "LimitMEMLOCK",
        "RuntimeMaxSec", "TimeoutStartSec", "TimeoutSec", "WatchdogSec", "LoadCredential", "StandardOutput",
        "StandardError", "Slice",
    ]

    private static let commandKeys = ["ExecCondition", "ExecStartPre", "ExecStartPost"]

    private static let directoryKeys = ["WorkingDirectory", "RootDirectory", "RootImage"]

    /// The conditions that name a path, which must exist.
    private static let pathConditions = ["PathExists", "PathIsDirectory", "FileNotEmpty", "FileIsExecutable"]

    /// The settings that decide whether the program starts and what it may do.
    var facts: UnitFileFacts {
        var facts = UnitFileFacts()
        for key in Self.keys.sorted() {
            facts.settings += settings(of: key).suffix(1).filter { $0.value != "infinity" }
        }
        // The last value of PATH counts.
        if let path = environment.variables["PATH"], let source = environment.sources["PATH"] {
            facts.settings.append(UnitFileFacts.Setting("PATH", path, in: source.path))
        }
        facts.commands = Self.commandKeys.flatMap(settings).compactMap(command)
        facts.program = settings(of: "ExecStart").last.flatMap(command)
        facts.missingDirectories = Self.directoryKeys.compactMap(facts.setting).filter { setting in
            setting.value.isAbsolutePath && !setting.value.contains("%") && isMissing(setting.value)
        }
        for kind in ["Condition", "Assert"] {
            facts.unmetConditions += Self.pathConditions.flatMap { settings(of: "\(kind)\($0)") }.filter(isUnmet)
        }
        for key in ["Requires", "BindsTo", "Requisite"] {
            for setting in settings(of: key) {
                let names = words(in: setting.value).filter { $0.hasSuffix(".service") && !$0.contains("@") }
                facts.missingUnits += names.filter { UnitFile($0, root: root) == nil }.map {
                    UnitFileFacts.Setting(key, $0, in: setting.path)
                }
            }
        }
        return facts
    }

    private func settings(of key: String) -> [UnitFileFacts.Setting] {
        entries(of: key).map { UnitFileFacts.Setting(key, $0.value, in: $0.file) }
    }

    private func isMissing(_ path: String) -> Bool { (try? FileSystem.exists(root + path)) == false }

    private func isUnmet(_ setting: UnitFileFacts.Setting) -> Bool {
        // A condition with '|' is one of several of which one must be met.
        guard !setting.value.hasPrefix("|"), !setting.value.contains("%") else { return false }
        let isNegated = setting.value.hasPrefix("!")
        let path = isNegated ? String(setting.value.dropFirst()).trimmingSpaces : setting.value
        guard path.isAbsolutePath, let exists = try? FileSystem.exists(root + path) else { return false }
        return exists == isNegated
    }

    /// Returns the command of a setting, `nil` if its failure is ignored.
    private func command(_ setting: UnitFileFacts.Setting) -> UnitFileFacts.Command? {
        guard let word = words(in: setting.value).first else { return nil }
        let marks = word.prefix { "-@:+!|".contains($0) }
        guard !marks.contains("-") else { return nil }
        let program = String(word.dropFirst(marks.count))
        var command = UnitFileFacts.Command(setting, program: program)
        if program.isAbsolutePath, !program.contains("%"), !program.contains("$") {
            command.fault = isMissing(program) ? "does not exist" : nil
            // Below a root directory, the mounts and the loaders are not those of the node.
            if root.isEmpty, command.fault == nil, let fault = ProgramFile.fault(of: program) {
                (command.fault, command.advice) = (fault.reason, fault.advice)
            }
        }
        return command
    }
}

extension UnitFileFacts {
    /// Adds the results of the commands, as `systemctl show` prints them.
    ///
    /// - Parameter text: Lines of the form `ExecStartPre={ path=/bin/a ; argv[]=/bin/a b ; ... ; status=1 }`.
    mutating func addResults(_ text: String) {
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "="), let status = Self.value("status", in: line),
                let code = Self.value("code", in: line), let argv = Self.value("argv[]", in: line)
            else { continue }
            let key = String(line[..<equals])
            let isFailure =
                code == "exited" ? status != "0" && !status.hasPrefix("0/") : code == "killed" || code == "dumped"
            guard isFailure, Self.value("ignore_errors", in: line) == "no" else { continue }
            let ofKey = commands.indices.filter { commands[$0].setting.key == key }
            // systemd replaces variables and specifiers in the words of the command.
            let index = ofKey.count == 1 ? ofKey[0] : ofKey.first { commands[$0].matches(argv) }
            guard let index else { continue }
            let number = status.prefix { $0.isNumber }
            commands[index].failure = code == "exited" ? "exit status \(number)" : "signal \(number)"
        }
    }

    private static func value(_ name: String, in line: Substring) -> String? {
        guard let start = line.firstRange(of: " \(name)=")?.upperBound else { return nil }
        let rest = line[start...]
        let end = rest.firstRange(of: " ; ")?.lowerBound ?? rest.firstRange(of: " }")?.lowerBound ?? rest.endIndex
        return String(rest[..<end])
    }
}

extension UnitFileFacts.Command {
    /// Returns whether the words of a command are those of systemd.
    fileprivate func matches(_ words: String) -> Bool {
        let own = Diagnosis.words(in: setting.value).joined(separator: " ")
        return String(own.drop { "-@:+!|".contains($0) }) == words
    }
}
