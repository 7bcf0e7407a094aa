import Drawing

/// The state of a task as a drawing of its plan shows it: always as a word, and where there are colours, also by one.
public struct DrawnState: Sendable, Hashable {
    /// The kinds of states; in pictures every kind has a colour.
    public enum Tone: String, Sendable, Hashable, CaseIterable {
        /// The task has succeeded.
        case succeeded
        /// The task has failed.
        case failed
        /// A process is running the task.
        case running
        /// The task waits, or has to be run again.
        case waiting
        /// The task has not run, or was skipped.
        case pending

        /// The colour in pictures that this program draws itself.
        var colour: SVGColour {
            switch self {
            case .succeeded: .succeeded
            case .failed: .failed
            case .running: .running
            case .waiting: .waiting
            case .pending: .inactive
            }
        }

        /// The colours of a box with dark text, in pictures that other programs draw.
        var boxColours: (fill: String, line: String) {
            switch self {
            case .succeeded: ("#dafbe1", "#1a7f37")
            case .failed: ("#ffebe9", "#d1242f")
            case .running: ("#ddf4ff", "#0969da")
            case .waiting: ("#fff8c5", "#bf8700")
            case .pending: ("#eaeef2", "#818b98")
            }
        }
    }

    public var word: String

    /// The word for it after a number of tasks, such as `not run yet`.
    public var countedWord: String

    /// The kind of state.
    public var tone: Tone

    /// Creates a state.
    ///
    /// - Parameters:
    ///   - word: The word for it.
    ///   - tone: What kind of state it is.
    ///   - countedWord: The word for it after a number of tasks, `nil` if it is the same.
    public init(_ word: String, _ tone: Tone, counted countedWord: String? = nil) {
        (self.word, self.tone) = (word, tone)
        self.countedWord = countedWord ?? word
    }
}

extension Plan {
    /// The tasks that have a state of each kind, by their positions; kinds that no task has are left out.
    func positions(by states: [String: DrawnState]) -> [(tone: DrawnState.Tone, positions: [Int])] {
        let tones = steps.map { states[$0.task.name]?.tone }
        return DrawnState.Tone.allCases.compactMap { tone in
            let positions = tones.indices.filter { tones[$0] == tone }
            return positions.isEmpty ? nil : (tone, positions)
        }
    }
}
