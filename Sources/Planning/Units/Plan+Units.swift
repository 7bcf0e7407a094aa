import Base

extension Plan {
    /// Returns the units that do not belong to a task, and the units of the tasks in the order of the plan.
    public func units(
        _ call: ProgramInvocation,
        report: ReportDeclaration? = nil,
        isMasked: (String) -> Bool = { _ in false },
    ) -> [UnitFile] {
        let addresses = ServerAddresses(self)
        let tasks = steps.flatMap { step in
            TaskUnit(
                task: step.task,
                dependencies: step.dependencies.map { steps[$0].task.unitName },
                addresses: addresses.all(of: step.task.footprint),
                call: call,
            ).files
        }
        // A target does not start if a unit that it requires, directly or indirectly, is masked.
        var isKeptOff: [Bool] = []
        for step in steps {
            let follows = step.dependencies.contains { isKeptOff[$0] }
            isKeptOff.append(follows || isMasked(step.task.unitName))
        }
        let common = commonUnits(
            call,
            tasks: zip(steps, isKeptOff).filter { !$1 }.map(\.0.task),
            report: report.map { ReportUnits($0, self) },
        )
        return common + tasks
    }
}

/// The target that requires the tasks of the node.
public let targetName = "k8s-bootstrap.target"

/// The system user for tasks and parts of tasks that only connect to servers, and for the report service.
public let unitUser = "nest-bootstrap"

/// The directory that contains, for each task, a list of what `reset` undoes.
let productsDirectory = "/var/lib/nest-bootstrap-products"

private struct TaskUnit {
    let task: PlannedTask
    let dependencies: [String]
    let addresses: [String]?
    let call: ProgramInvocation

    var files: [UnitFile] {
        let unit = UnitFile(path: task.unitName, content: .text(text))
        let links = task.wantedBy.unique().map { other in
            UnitFile(path: "\(other).wants/\(task.unitName)", content: .link(to: "../\(task.unitName)"))
        }
        return [unit] + links + repetition
    }

    private var text: String {
        var unit = unitSection(task.description ?? "Task \(task.name) of the Kubernetes node bootstrap")
        unit.set("Requires", (["sysinit.target"] + dependencies).joined(separator: " "))
        let earlier = ["sysinit.target", "basic.target"] + dependencies + task.afterUnits
        unit.set("After", earlier.joined(separator: " "))
        unit.set("Before", "\(targetName) shutdown.target")
        if task.interval != nil { unit.set("Wants", timerName(ofTask: task.name)) }
        addService(&unit, flags: [])
        return unit.text
    }

    /// The timer and the service that repeat the task while its unit stays active, or no units if it does not repeat.
    private var repetition: [UnitFile] {
        guard let interval = task.interval else { return [] }
        var unit = unitSection("Repetition of task \(task.name) of the Kubernetes node bootstrap")
        unit.set("Requisite", task.unitName)
        unit.set("After", ([task.unitName] + task.afterUnits).joined(separator: " "))
        unit.set("Before", "shutdown.target")
        addService(&unit, flags: ["--repetition"])
        return [
            UnitFile(path: timerName(ofTask: task.name), content: .text(repetitionTimer(task, every: interval))),
            UnitFile(path: repetitionUnitName(ofTask: task.name), content: .text(unit.text)),
        ]
    }

    private func unitSection(_ description: String) -> UnitText {
        let file = call.installedPaths[task.location.file] ?? task.location.file
        let line = task.location.position.map { ":\($0.line)" } ?? ""
        var unit = UnitText(
            unitPhrase(description),
            comment: "Made by nest-bootstrap from \(file)\(line). Changes here are lost."
        )
        if file.isAbsolutePath { unit.set("SourcePath", unitPath(file)) }
        // By default, every target that requires or wants a unit is ordered after it.
        unit.set("DefaultDependencies", "no")
        unit.set("Conflicts", "shutdown.target")
        unit.set("StartLimitIntervalSec", "0")
        unit.set("OnFailure", "\(healthUnitName) \(healthTimerName)")
        return unit
    }

    private func addService(_ unit: inout UnitText, flags: [String]) {
        unit.section("Service")
        unit.set("Type", "oneshot")
        // A repetition that stayed active would not be started again.
        if flags.isEmpty { unit.set("RemainAfterExit", "yes") }
        unit.command("ExecStart", [call.program, "run", "--task", task.name] + flags + call.flags)
        unit.set("TimeoutStartSec", "\(task.timeout.components.seconds + Limit.unitGracePeriod)")
        // The agent reports its activity and its waits to systemd, from its sandbox if it has one.
        unit.set("NotifyAccess", task.footprint.isConfined ? "all" : "main")
        // The agent forwards signals to its child processes.
        unit.set("KillMode", "mixed")
        // When stopped, the agent exits with 143. If SIGTERM kills it before it handles signals, that is a failure.
        unit.set("SuccessExitStatus", "143")
        addConfinement(&unit)
    }

    /// Adds the settings that confine the agent without a mount namespace, unless the task has `sandbox: false`.
    private func addConfinement(_ unit: inout UnitText) {
        let footprint = task.footprint
        guard footprint.hasSandbox else { return }
        unit.set("NoNewPrivileges", "yes")
        unit.set("SystemCallArchitectures", "native")
        var families = ["AF_UNIX"]
        if footprint.usesNetwork { families += ["AF_INET", "AF_INET6"] }
        if footprint.usesNetwork || footprint.watchesInterfaces || footprint.runsPrograms {
            families.append("AF_NETLINK")
        }
        if footprint.capabilities.contains("CAP_NET_RAW") { families.append("AF_PACKET") }
        unit.set("RestrictAddressFamilies", families.joined(separator: " "))
        if footprint.usesNetwork || footprint.runsPrograms {
            let calls = footprint.capabilities.compactMap { Self.calls[$0] }.unique()
            let filter = ["@system-service", "@mount"] + calls
            unit.set("SystemCallFilter", filter.joined(separator: " "))
            // RestrictSUIDSGID= is not set: it blocks openat2, which bubblewrap 0.12 may need (bubblewrap issue 774).
            if footprint.runsPrograms { unit.set("SystemCallFilter", "~@keyring io_uring_setup") }
        } else {
            // The directory of the records may belong to the user of an earlier, confined run of the task.
            unit.set("CapabilityBoundingSet", "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID")
            unit.set("SystemCallFilter", "@system-service")
        }
        unit.set("SystemCallErrorNumber", "EPERM")
        if let addresses {
            unit.set("IPAddressDeny", "any")
            unit.set("IPAddressAllow", addresses.joined(separator: " "))
        }
    }

    /// The sets of additional system calls that programs with a capability need, by capability.
    private static let calls = [
        "CAP_SYS_MODULE": "@module", "CAP_SYS_TIME": "@clock", "CAP_SYS_RAWIO": "@raw-io", "CAP_SYS_BOOT": "@reboot",
        "CAP_SYS_PTRACE": "@debug",
    ]
}

extension Footprint {
    /// The capability to read files of other users, such as decrypted secrets that belong to a service.
    static let reading = "CAP_DAC_READ_SEARCH"

    /// Whether the agent itself runs in a sandbox, because the task only connects to servers and awaits no path.
    public var isConfined: Bool {
        usesNetwork && writes.isEmpty && !runsPrograms && service == nil && imageSocket == nil
            && !connections.contains(.systemBus) && !reads.contains { $0.use == .awaited }
    }

    /// Directories that the task's program could change without naming them, and on whose files root processes act.
    var guardedDirectories: [String] {
        ["/etc/kubernetes/manifests"].filter { path in
            let isMeant = self.writes.contains { write in
                let written = located(write.path.path)
                return isPath(written, at: path) || write.effect != .modifies && isPath(path, at: written)
            }
            return !isMeant && writablePaths.contains { $0 != "/" && isPath(path, at: $0) }
        }
    }
}

extension Plan {
    /// The paths that programs of tasks may write, where they could create links that other tasks would follow.
    ///
    /// System directories are left out, because a program that may write there needs no link.
    public var programDirectories: [String] {
        var seen: Set<ExactText> = []
        return steps.lazy.map(\.task.footprint).filter(\.runsPrograms).flatMap(\.writablePaths)
            .filter { !Self.ofSystem.contains($0) && seen.insert(ExactText($0)).inserted }
    }

    private static let ofSystem: Set = ["/", "/bin", "/etc", "/lib", "/lib64", "/nix", "/run", "/sbin", "/usr", "/var"]
}

/// The addresses that the tasks of a plan connect to.
///
/// An address is known only if an endpoint, or a kubeconfig that a task writes, contains it or `localhost`.
private struct ServerAddresses {
    /// The URLs of API servers by the paths of the kubeconfigs that tasks write.
    private let servers: [ExactText: String]

    init(_ plan: Plan) {
        // Kubeconfigs of tasks that use the node's address are left out, because the address is not known yet.
        let tasks = plan.steps.lazy.map(\.task).filter { $0.addressUse == .none }
        let kubeconfigs = tasks.flatMap(\.footprint.writes).compactMap { write in
            write.kubeconfig.map { (ExactText(located(write.path.path)), $0.server) }
        }
        servers = Dictionary(kubeconfigs) { first, _ in first }
    }

    /// Returns all addresses of a task in the syntax of systemd, or `nil` if there are none or one is unknown.
    func all(of footprint: Footprint) -> [String]? {
        var addresses: [String] = []
        for connection in footprint.connections where connection != .systemBus {
            guard let address = host(of: connection, footprint).flatMap(Self.address) else { return nil }
            if !addresses.contains(address) { addresses.append(address) }
        }
        return addresses.isEmpty ? nil : addresses
    }

    private func host(of connection: Footprint.Connection, _ footprint: Footprint) -> String? {
        switch connection {
        case .apiServer:
            footprint.kubeconfig.flatMap { servers[ExactText(located($0.path))] }.flatMap { try? WebAddress($0).host }
        // The host may be the node's own address.
        case .endpoint(let host, _): footprint.watchesInterfaces ? nil : host
        // A server may redirect a URL to any address.
        case .url, .systemBus, .anywhere: nil
        }
    }

    private static func address(_ host: String) -> String? {
        // systemd expands `localhost` to 127.0.0.0/8 and ::1/128, and refuses a zone, as in fe80::1%eth0.
        host == "localhost" || IPAddress(host) != nil ? host : nil
    }
}
