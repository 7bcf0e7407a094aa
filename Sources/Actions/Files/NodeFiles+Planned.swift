import Base
import Glibc
import Host

/// Paths that a dry run would have written.
extension NodeFiles {
    /// Records the state that a dry run would have left at a path.
    func remember(_ state: Planned, at path: String) throws(SystemError) {
        let path = try resolved(path, followsLast: false)
        planned.withLock { $0[ExactText(path)] = state }
    }

    /// Records that a task would write a path, or wait for it, so that later tasks of the dry run do not miss it.
    ///
    /// - Parameters:
    ///   - path: The path on the node. Slashes at its end are ignored.
    ///   - task: The name of the task.
    ///   - isReplaced: Whether the content of a file that is there would change too. Otherwise what is there is known,
    ///     and what is not there may be a directory with anything in it.
    func expect(_ path: String, from task: String, isReplaced: Bool = false) {
        guard let path = try? resolved(path, followsLast: false).withoutSlashesAtEnd else { return }
        let key = ExactText(path)
        planned.withLock { planned in
            if isReplaced || planned[key] == nil {
                planned[key] = isReplaced ? .unknown(from: task) : .expected(from: task)
            }
        }
    }

    /// Returns whether a dry run would have written a path, so that its current state does not matter.
    func isPlanned(_ path: String) throws(SystemError) -> Bool { try plannedState(of: path) != nil }

    /// The error number of a file whose content a dry run does not know.
    static let unknownCode = ENODATA

    /// Refuses a path whose content is not known before a task of the real run.
    func requireKnown(_ path: String) throws(SystemError) {
        switch try plannedState(of: path) {
        case .unknown(let task)?, .expected(let task)?:
            let detail = "is not known before task '\(task)' has run"
            throw SystemError("cannot read", path, code: Self.unknownCode, detail: detail)
        case .file?, .link?, .directory?, nil: return
        }
    }

    /// Returns whether a dry run would have created a directory at a path.
    func isPlannedDirectory(_ path: String) -> Bool {
        if case .directory? = try? plannedState(of: path) { true } else { false }
    }

    /// Returns the state that a dry run would have left at a path, `nil` if it would not have changed the path.
    private func plannedState(of path: String) throws(SystemError) -> Planned? {
        let path = try resolved(path)
        switch planned.withLock({ $0[ExactText(path)] }) {
        case .expected?, nil: return expectedTask(of: path).map(Planned.expected)
        case let state?: return state
        }
    }

    /// Returns the task before which a path is not there and after which it may be, `nil` for all other paths.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The name of the task that would create the path or a directory above it, or would wait for it.
    func expectedTask(of path: String) -> String? {
        guard isDryRun, let path = try? resolved(path) else { return nil }
        let planned = planned.withLock { $0 }
        var rest = path[...]
        while !rest.isEmpty {
            switch planned[ExactText(String(rest))] {
            case .expected(let task)?:
                // A path that is there is known.
                return (try? FileSystem.exists(location(ofResolved: path))) == true ? nil : task
            case .file?, .unknown?, .link?, .directory?: return nil
            case nil: rest = rest[..<(rest.lastSlash ?? rest.startIndex)]
            }
        }
        return nil
    }
}
