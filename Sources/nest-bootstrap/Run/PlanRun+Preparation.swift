import Actions
import Base
import Host
import Planning
import State

/// What a run lists before its tasks make it, so that `reset` can undo it.
extension PlanRun {
    /// Lists what tasks will make, and creates the directories that they write to, where possible.
    ///
    /// A directory that cannot be created is reported by the task that needs it.
    ///
    /// - Throws: ``Base/Problem`` if it cannot be listed, without which the task may not run, or if another process runs a
    ///   task for longer than the task may take.
    func prepare(_ plan: Plan, _ records: RecordStore) async throws -> ExitCode {
        let files = configuration.files
        for task in plan.steps.map(\.task) {
            guard let lock = try await records.awaitLock(task.name, until: .now + task.timeout) else {
                let process = records.runner(of: task.name).map { "process \($0)" } ?? "another process"
                let call = configuration.options.quotedCall("status")
                throw Problem("task '\(task.name)' is being run, or reset, by \(process)", hint: "see \(call)")
            }
            defer { withExtendedLifetime(lock) {} }
            try noteReset(of: task)
            try requireOwnPlaces(task)
            do throws(SystemError) {
                if task.footprint.needsPreparation { try Configuration.products(configuration.options).prepare() }
                for directory in task.footprint.preparedDirectories {
                    try files.logDirectories(directory, by: task.name)
                    try? files.makeDirectories(directory, by: task.name)
                }
            } catch {
                throw Self.unlisted(task, error)
            }
        }
        return .success
    }

    /// Refuses to let a unit write where a link leads that a user or a program controls: systemd follows it.
    private func requireOwnPlaces(_ task: PlannedTask) throws(Problem) {
        for path in task.footprint.writablePaths {
            do throws(SystemError) {
                _ = try FileSystem.directoryForWriting(configuration.files.location(ofWritten: path), "cannot open")
            } catch {
                throw Problem("task '\(task.name)' may not write '\(path)'", hint: error.advice, cause: error)
            }
        }
    }

    /// Lists and creates the directories of secrets that are empty in the units of other tasks, before these start.
    ///
    /// Otherwise systemd creates them, and `reset` does not know them. A task that is running has created its own.
    func prepareClosedDirectories(_ plan: Plan, _ records: RecordStore) throws(SystemError) {
        let files = configuration.files
        for task in plan.steps.map(\.task) {
            let directories = task.footprint.closedDirectories(beside: Configuration.taskFiles(configuration.options))
            let missing = directories.filter { (try? files.exists($0)) == false }
            guard !missing.isEmpty, let lock = try records.lock(task.name) else { continue }
            defer { withExtendedLifetime(lock) {} }
            for directory in missing { try files.makeDirectories(directory, by: task.name) }
        }
    }

    /// Lists the commands that undo a task, before it runs.
    func noteReset(of task: PlannedTask) throws(Problem) {
        do throws(SystemError) {
            try configuration.noteReset(of: task)
        } catch {
            throw Self.unlisted(task, error)
        }
    }

    /// Why a task cannot be run whose list cannot be written.
    private static func unlisted(_ task: PlannedTask, _ error: SystemError) -> Problem {
        unwritable("the list of what task '\(task.name)' makes", error)
    }
}
