import Base
import Execution
import Kubernetes

/// Emits what becomes of the objects that a task deletes, each as soon as that is known.
final class DeletionReporter: Sendable {
    private let context: ActionContext
    private let failures: FailureReporter
    private let deleted = Locked(0)

    /// Creates a reporter.
    ///
    /// - Parameters:
    ///   - context: The task.
    ///   - failures: Receives the objects that could not be deleted.
    init(_ context: ActionContext, _ failures: FailureReporter) {
        (self.context, self.failures) = (context, failures)
    }

    /// How many objects were deleted.
    var count: Int { deleted.withLock { $0 } }

    /// Emits what became of one object.
    func report(_ message: Deleter.Message) {
        switch message {
        // One that did not exist is as the task wants it: somebody else may have deleted it, or taken it.
        case .deleted(let identity, let existed):
            if existed { deleted.withLock { $0 += 1 } }
            context.emit(.object(identity.description, Event.ObjectResult(existed ? .deleted : .unchanged)))
        // An interrupted object has not failed: the task reports the interruption.
        case .failed(let failure): if failure.cause != .interrupted { failures.add(failure) }
        case .warning(let identity, let text): context.emit(.warning(subject: identity.description, text))
        }
    }
}
