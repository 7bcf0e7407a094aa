import Execution
public import Planning
public import State

extension TaskState {
    /// The state as drawings of the plan show it.
    public var drawn: DrawnState { DrawnState(description, drawnTone) }

    private var drawnTone: DrawnState.Tone {
        switch self {
        case .notYet, .ended(.skipped): .pending
        case .waiting, .unknown, .ended(.interrupted): .waiting
        case .running: .running
        case .ended(.changed), .ended(.unchanged): .succeeded
        case .ended(.failed): .failed
        }
    }
}
