public import Drawing

/// The state of a task as a drawing of its plan shows it: always as a word, and where there are colours, also by one.
public struct DrawnState: Sendable, Hashable {
    public var word: String

    /// The word for it after a number of tasks, such as `not run yet`.
    public var countedWord: String

    /// The kind of state.
    public var tone: StateTone

    /// Creates a state.
    ///
    /// - Parameters:
    ///   - word: The word for it.
    ///   - tone: What kind of state it is.
    ///   - countedWord: The word for it after a number of tasks, `nil` if it is the same.
    public init(_ word: String, _ tone: StateTone, counted countedWord: String? = nil) {
        (self.word, self.tone) = (word, tone)
        self.countedWord = countedWord ?? word
    }
}

extension Plan {
    /// The tasks that have a state of each kind, by their positions; kinds that no task has are left out.
    func positions(by states: [String: DrawnState]) -> [(tone: StateTone, positions: [Int])] {
        let tones = steps.map { states[$0.task.name]?.tone }
        return StateTone.allCases.compactMap { tone in
            let positions = tones.indices.filter { tones[$0] == tone }
            return positions.isEmpty ? nil : (tone, positions)
        }
    }
}
