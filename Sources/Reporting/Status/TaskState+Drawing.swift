import Execution
public import Planning
public import State

extension TaskState {
    /// The state as drawings of the plan show it.
    public var drawn: DrawnState { DrawnState(description, drawnTone, counted: countedWord) }

    /// The word for the state after a number of tasks, as in `2 not run yet`.
    var countedWord: String { self == .notYet ? "not run yet" : description }

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

extension DrawnState {
    /// Returns a text in the colour that a terminal has for the state.
    public func painted(_ text: String) -> String { lineTone.painted(text) }

    private var lineTone: Line.Tone {
        switch tone {
        case .succeeded: .changed
        case .failed: .failed
        case .running: .running
        case .waiting: .waiting
        case .pending: .progress
        }
    }
}
