public import Drawing

/// The state of a task in a drawing of its plan: a word, and a colour if the drawing has colours.
public struct DrawnState: Sendable, Hashable {
    public var word: String

    /// The word that follows a number of tasks in a summary, such as `not run yet`.
    public var countedWord: String

    /// The kind of state.
    public var tone: StateTone

    /// Creates a state.
    ///
    /// - Parameters:
    ///   - word: The word for the state.
    ///   - tone: The kind of state.
    ///   - countedWord: The word that follows a number of tasks in a summary, or `nil` to use `word`.
    public init(_ word: String, _ tone: StateTone, counted countedWord: String? = nil) {
        (self.word, self.tone) = (word, tone)
        self.countedWord = countedWord ?? word
    }
}

extension Plan {
    /// Returns the positions of the tasks with a state of each kind.
    ///
    /// Kinds without tasks are left out.
    func positions(by states: [String: DrawnState]) -> [(tone: StateTone, positions: [Int])] {
        let tones = steps.map { states[$0.task.name]?.tone }
        return StateTone.allCases.compactMap { tone in
            let positions = tones.indices.filter { tones[$0] == tone }
            return positions.isEmpty ? nil : (tone, positions)
        }
    }
}
