import Base
import YAML

/// The plan as systemd units.
extension Plan {
    /// Returns the units of all tasks, with the links that start them, and the units that every node has.
    ///
    /// Settings that all units share are in the drop-in for `k8s-bootstrap-.service`.
    ///
    /// - Parameters:
    ///   - call: The invocation of the program by the units.
    ///   - report: The declaration of the node's reports to the cluster, or `nil` if the node does not report.
    ///   - linkedNames: Returns the targets of the links along a path, which a unit needs too.
    ///   - isReadableByAll: Returns whether every user can read a file or a directory of manifests; a path that does
    ///     not exist yet counts as readable.
    ///   - exists: Returns whether a directory exists on the machine on which the units run.
    /// - Returns: The files; the files of tasks are in the order of the plan.
    public func units(
        _ call: ProgramInvocation,
        report: ReportDeclaration? = nil,
        linkedNames: (String) -> [String] = { _ in [] },
        isReadableByAll: (String) -> Bool = { _ in true },
        exists: (String) -> Bool = { _ in false },
    ) -> [UnitFile] {
        let unit = taskUnits(call, linkedNames, isReadableByAll, exists)
        let tasks = steps.indices.flatMap { unit($0).files }
        let common = commonUnits(
            call,
            timers: timerNames,
            report: report.map { ReportUnits($0, self) },
            hasClosedDirectories: steps.contains {
                !$0.task.footprint.closedDirectories(beside: call.taskFiles).isEmpty
            },
        )
        return common + tasks
    }

    /// Returns the unit that runs a task once for `run --task`: with the sandbox, user and commands of the task's unit.
    ///
    /// - Parameters:
    ///   - task: The task's name, which the plan has.
    ///   - call: The invocation of the program by the unit.
    ///   - run: The unit's name, its output, and the flags of its commands.
    ///   - linkedNames: Returns the targets of the links along a path, which a unit needs too.
    ///   - isReadableByAll: Returns whether every user can read a file or a directory of manifests.
    ///   - exists: Returns whether a directory exists.
    /// - Returns: The files.
    public func units(
        ofTask task: String,
        _ call: ProgramInvocation,
        byHand run: RunByHand,
        linkedNames: (String) -> [String],
        isReadableByAll: (String) -> Bool,
        exists: (String) -> Bool,
    ) -> [UnitFile] {
        guard let index = position(of: task) else { return [] }
        return taskUnits(call, linkedNames, isReadableByAll, exists)(index).files(byHand: run)
    }

    /// Returns a function that creates the unit of the task at a position.
    private func taskUnits(
        _ call: ProgramInvocation,
        _ linkedNames: (String) -> [String],
        _ isReadableByAll: (String) -> Bool,
        _ exists: (String) -> Bool,
    ) -> (Int) -> TaskUnit {
        let hiddenPaths = HiddenPaths(self, call, linkedNames: linkedNames, exists: exists)
        let addresses = ServerAddresses(self)
        let users = UnitUsers(self, call, isReadableByAll)
        return { index in
            let footprint = steps[index].task.footprint
            let user = users.settings(
                of: footprint,
                readsFilesOfOthers: hiddenPaths.namesFilesOfOthers(footprint),
            )
            var seen = footprint
            seen.reads.removeAll { user.privateKeys.contains($0.path.path) }
            return TaskUnit(
                task: steps[index].task,
                dependencies: steps[index].dependencies.map { steps[$0].task.unitName },
                view: hiddenPaths.view(
                    of: seen,
                    lookingAt: footprint.directoriesOfProducts.map { call.root + $0 },
                    as: user
                ),
                named: hiddenPaths.paths(readBy: seen),
                addresses: addresses.all(of: footprint),
                user: user,
                call: call,
            )
        }
    }
}

/// The target that wants all tasks of the node.
public let targetName = "k8s-bootstrap.target"

/// The unit of one task.
private struct TaskUnit {
    let task: PlannedTask
    let dependencies: [String]
    let view: UnitView
    /// The paths that the task names, with the targets of links.
    let named: [String]
    let addresses: [String]?
    let user: UnitUsers.Settings
    let call: ProgramInvocation

    var files: [UnitFile] {
        let unit = UnitFile(path: task.unitName, content: .text(text))
        let links = ([targetName] + task.wantedBy).unique().map { other in
            UnitFile(path: "\(other).wants/\(task.unitName)", content: .link(to: "../\(task.unitName)"))
        }
        return [unit] + sandbox + links + repetition
    }

    private var text: String {
        var unit = unitSection(task.description ?? "Task \(task.name) of the Kubernetes node bootstrap")
        if !dependencies.isEmpty { unit.set("Requires", dependencies.joined(separator: " ")) }
        let earlier = dependencies + task.afterUnits
        if !earlier.isEmpty { unit.set("After", earlier.joined(separator: " ")) }
        if !task.isCompletedOutside { unit.set("Wants", recoveryUnitName(ofTask: task.name)) }
        if task.interval != nil { unit.set("Wants", timerName(ofTask: task.name)) }
        addService(&unit, flags: [])
        return unit.text
    }

    /// The timer and the service that run the task again.
    ///
    /// During a repetition, the unit of the task and the units that require it stay active.
    private var repetition: [UnitFile] {
        guard let interval = task.interval else { return [] }
        let name = repetitionUnitName(ofTask: task.name)
        var unit = unitSection("Repetition of task \(task.name) of the Kubernetes node bootstrap")
        unit.set("Requisite", task.unitName)
        unit.set("After", ([task.unitName] + task.afterUnits).joined(separator: " "))
        addService(&unit, flags: ["--repetition"])
        return [
            UnitFile(path: timerName(ofTask: task.name), content: .text(repetitionTimer(task, every: interval))),
            UnitFile(path: name, content: .text(unit.text)),
            // A unit that stays active would not be started again.
            privileges(of: name, [("RemainAfterExit", "no")] + settings),
        ]
    }

    /// The unit that runs the task once, with the output of its caller.
    ///
    /// It stays active after a success, so that the exit status can be read.
    func files(byHand run: RunByHand) -> [UnitFile] {
        var unit = unitSection("Run by hand of task \(task.name) of the Kubernetes node bootstrap")
        if !task.afterUnits.isEmpty { unit.set("After", task.afterUnits.joined(separator: " ")) }
        addService(&unit, flags: run.flags)
        if let outputs = run.outputs {
            unit.set("StandardOutput", "append:\(unitPath(outputs.results))")
            unit.set("StandardError", "append:\(unitPath(outputs.diagnostics))")
        }
        let dropIns = run.dropIns.map { path in
            UnitFile(path: "\(run.unitName).d/\(path.pathParts.last ?? "")", content: .link(to: path))
        }
        return [UnitFile(path: run.unitName, content: .text(unit.text)), privileges(of: run.unitName, settings)]
            + dropIns
    }

    private func unitSection(_ description: String) -> UnitText {
        let file = call.installedPaths[task.location.file] ?? task.location.file
        let line = task.location.position.map { ":\($0.line)" } ?? ""
        var unit = UnitText(comment: "Made by nest-bootstrap from \(file)\(line). Changes here are lost.")
        unit.section("Unit")
        unit.set("Description", unitPhrase(description))
        if file.isAbsolutePath { unit.set("SourcePath", unitPath(file)) }
        return unit
    }

    private func addService(_ unit: inout UnitText, flags: [String]) {
        unit.section("Service")
        addCommands(&unit, flags)
        unit.set("TimeoutStartSec", "\(task.timeout.components.seconds + Limit.unitGracePeriod)")
        // In the agent's state, the task writes only the directory of its records, and the directory of its products
        // before they are put in place.
        let records = "nest-bootstrap/tasks/\(task.name)"
        let staging = "nest-bootstrap-staged/\(task.name)"
        let hasStaging = task.footprint.hasOnlyProducts || task.footprint.listsProducts
        unit.set("RuntimeDirectory", hasStaging ? "\(records) \(staging)" : records)
        let cache = task.footprint.keepsCache ? ["nest-bootstrap/cache/\(task.name)"] : []
        let state = cache + task.recordedSets.map { "nest-bootstrap/sets/\($0)" }
        if !state.isEmpty { unit.set("StateDirectory", state.joined(separator: " ")) }
        if task.footprint.keepsCache {
            // An administrator may have stored a copy for all tasks.
            for digest in task.footprint.pinnedDigests {
                unit.path("BindReadOnlyPaths", "/var/lib/nest-bootstrap/cache/\(digest)")
            }
        }
        for path in writable { unit.path("ReadWritePaths", path) }
    }

    private func addCommands(_ unit: inout UnitText, _ flags: [String]) {
        let run = [call.program, "run", "--task", task.name] + flags + call.flags
        let hasOnlyProducts = task.footprint.hasOnlyProducts
        if task.reset != nil || task.footprint.needsPreparation {
            // The task must not run without the list, because 'reset' could not undo its products. A unit can write
            // only to directories that exist; the task itself reports a directory that cannot be created.
            unit.comment("Lists what 'reset' undoes, and creates the directories that the task may write.")
            unit.command("ExecStartPre", prefixes: "+", run + ["--prepare"])
        }
        unit.command("ExecStart", run)
        // These commands run outside the sandbox, because they start units. The program leaves the mounts of the
        // unit, because these also apply to commands outside the sandbox.
        let supervise = [call.program, "supervise", task.name] + flags + call.flags
        if task.isCompletedOutside {
            let steps = [
                hasOnlyProducts ? "puts in place what the task has made" : nil,
                task.footprint.listsProducts ? "lists what 'reset' removes" : nil,
                task.restarts.isEmpty ? nil : "restarts the units that use it",
            ]
            let text = steps.compactMap(\.self).joined(separator: ", ")
            unit.comment(
                "\(text.prefix(1).uppercased())\(text.dropFirst()), without which it has failed, and reports a recovery."
            )
            unit.command("ExecStartPost", prefixes: "+", supervise)
        }
        unit.comment("Reports a failure to the administrator, and to the tasks that depend on this one.")
        unit.command("ExecStopPost", prefixes: "-+", supervise)
    }

    /// The paths that the task may write.
    ///
    /// With a root, this is the whole root, which also contains the records.
    private var writable: [String] {
        // With such a setting the unit would have mounts of its own, and the node would not see what it mounts.
        guard task.footprint.hasSandbox else { return [] }
        return call.root.isEmpty ? task.footprint.writablePaths : [call.root]
    }

    /// The paths that the task reads, and the directories in which the task examines the paths of its products.
    private var read: [String] {
        named + task.footprint.directoriesOfProducts.map { call.root + $0 }
    }

    /// The settings that are specific to the task.
    private var settings: [(key: String, value: String)] {
        var footprint = task.footprint
        guard footprint.hasSandbox else { return user.settings + UnitSandbox.none }
        footprint.capabilities = user.capabilities
        let sandbox = UnitSandbox(
            footprint,
            reads: read,
            writes: writable,
            view: view,
            root: call.root,
            addresses: addresses,
        ).settings
        return user.settings + sandbox
    }

    private var sandbox: [UnitFile] {
        let settings = settings
        return settings.isEmpty ? [] : [privileges(of: task.unitName, settings)]
    }

    private func privileges(of unit: String, _ settings: [(key: String, value: String)]) -> UnitFile {
        var drop = UnitText(comment: "Made by nest-bootstrap. Settings of this task alone.")
        drop.section("Service")
        for (key, value) in settings { drop.set(key, value) }
        return UnitFile(path: "\(unit).d/50-privileges.conf", content: .text(drop.text))
    }
}

extension Footprint {
    /// Whether the program of the task may write anywhere.
    var writesAnywhere: Bool { runsPrograms && writablePaths.contains("/") }

    /// The directories of products that are put in place after the task; the task examines the paths of these products.
    ///
    /// The paths of files and links are left out, because systemd binds the targets of links. Every unit sees the
    /// entries of the root directory. A directory that is a product may be one that units do not see otherwise.
    fileprivate var directoriesOfProducts: [String] {
        guard hasOnlyProducts else { return [] }
        return writes.flatMap { write in
            let path = located(write.path.path)
            return write.product?.isDirectory == true ? [parent(of: path), path] : [parent(of: path)]
        }.filter { $0 != "/" }
    }

    /// The directories that are created before the unit of the task starts, unless products are put in place after it.
    ///
    /// A missing directory cannot be made read-only.
    public var preparedDirectories: [String] {
        hasOnlyProducts
            ? [] : createdDirectories + guardedDirectories(in: writablePaths).filter { $0 != productsDirectory }
    }

    /// Whether directories must be prepared, paths that the task's program writes must be examined, or a former state
    /// must be recorded.
    public var needsPreparation: Bool {
        !preparedDirectories.isEmpty || service != nil || imageSocket != nil
            || writablePaths.contains { $0 != "/" && (runsPrograms || isPath(productsDirectory, at: $0)) }
    }

    /// Finds directories with files that root processes act on, if the task can write there without naming them.
    ///
    /// - Parameter writes: The paths at and below which the unit writes.
    /// - Returns: The directories.
    func guardedDirectories(in writes: [String]) -> [String] {
        ["/etc/kubernetes/manifests", productsDirectory].filter { path in
            let isMeant = self.writes.contains { write in
                let written = located(write.path.path)
                return isPath(written, at: path) || write.effect != .modifies && isPath(path, at: written)
            }
            return !isMeant && writes.contains { $0 != "/" && isPath(path, at: $0) }
        }
    }
}

extension Plan {
    /// The directories in which programs of tasks may create links that other tasks and systemd would follow.
    ///
    /// The root directory and the directories directly below it are left out, because a program that may write there
    /// does not need a link.
    public var programDirectories: [String] {
        var seen: Set<ExactText> = []
        return steps.lazy.map(\.task.footprint).filter(\.runsPrograms).flatMap(\.writablePaths)
            .filter { $0.pathParts.count > 1 && seen.insert(ExactText($0)).inserted }
    }
}

extension PlannedTask {
    /// Whether a command of the task's unit, run outside the sandbox, completes the task.
    ///
    /// The command also records a recovery; for other tasks, a separate service records recoveries.
    public var isCompletedOutside: Bool {
        footprint.hasOnlyProducts || footprint.listsProducts || !settings.restarts.isEmpty
    }
}
