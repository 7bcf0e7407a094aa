/// The state of an `ApplySchedule`.
struct ApplyScheduleState {
    private struct Entry {
        var rank: Int
        /// The number of objects that this object still waits for.
        var openCount = 0
        /// The objects that need this object.
        var dependants: [Int] = []
        /// The objects that wait until this object is finished, even if it fails.
        var successors: [Int] = []
        var startedAt: ContinuousClock.Instant?
        /// Whether the object counts towards the limit of concurrent applies.
        var isActive = false
        /// Whether objects of later ranks wait for this object.
        var holdsRank = false
        /// Whether the object has had its turn.
        var hasTurn = false
    }

    private let limit: Int
    private var entries: [Entry]
    /// The objects that may start, by rank.
    private var ready: [ArraySlice<Int>]
    private var holderCounts: [Int]
    private var activeCount = 0
    /// The objects whose turn has come but has not been taken yet.
    private var dueTurns: [(index: Int, turn: ApplySchedule.Turn)] = []
    /// The number of objects that have not had their turn.
    private var remainingCount: Int

    /// The caller that waits for the turn of an object.
    var waiting: CheckedContinuation<Void, Never>?
    /// The number of objects being retried.
    private(set) var asideCount = 0
    /// The objects that are on the server.
    private(set) var applied: [Int] = []

    init(limit: Int, ranks: [Int]) {
        self.limit = limit
        entries = ranks.map { Entry(rank: $0) }
        remainingCount = ranks.count
        ready = Array(repeating: [], count: (ranks.max() ?? 0) + 1)
        holderCounts = Array(repeating: 0, count: ready.count)
    }

    mutating func add(need: Int, of index: Int) {
        entries[need].dependants.append(index)
        entries[index].openCount += 1
    }

    mutating func add(predecessor: Int, of index: Int) {
        entries[predecessor].successors.append(index)
        entries[index].openCount += 1
    }

    /// Starts the first objects.
    ///
    /// - Parameter finished: The objects that are on the server as they are to be, and get no turn.
    mutating func begin(with finished: Set<Int>) {
        applied = finished.sorted()
        remainingCount -= finished.count
        for index in finished { entries[index].hasTurn = true }
        for index in entries.indices where entries[index].openCount == 0 && !entries[index].hasTurn {
            ready[entries[index].rank].append(index)
        }
        startReady(after: nil)
    }

    /// Whether there are turns to take.
    var hasDueTurns: Bool { !dueTurns.isEmpty }

    /// Whether every object has had its turn, including turns that ``takeDueTurns()`` has yet to return.
    var isFinished: Bool { remainingCount == 0 }

    mutating func takeDueTurns() -> [(index: Int, turn: ApplySchedule.Turn)] {
        defer { dueTurns = [] }
        return dueTurns
    }

    mutating func stepAside(_ index: Int) {
        guard entries[index].isActive else { return }
        deactivate(index)
        asideCount += 1
        startReady(after: index)
    }

    mutating func passObjects(startedBefore instant: ContinuousClock.Instant) {
        for index in entries.indices where entries[index].holdsRank {
            guard let start = entries[index].startedAt, start < instant else { continue }
            releaseRank(index)
            startReady(after: index)
        }
    }

    mutating func finish(_ index: Int, _ result: Result<Void, ObjectFailure>) {
        if entries[index].isActive {
            deactivate(index)
        } else if entries[index].startedAt != nil {
            asideCount -= 1
        }
        switch result {
        case .success:
            applied.append(index)
            for dependant in entries[index].dependants { close(dependant, after: index) }
        case .failure(let failure):
            for dependant in entries[index].dependants { giveTurn(dependant, .blocked(by: failure)) }
        }
        for successor in entries[index].successors { close(successor, after: index) }
        startReady(after: index)
    }

    /// Records that an object waits for one object fewer.
    private mutating func close(_ index: Int, after other: Int) {
        entries[index].openCount -= 1
        if entries[index].openCount == 0, !entries[index].hasTurn { ready[entries[index].rank].append(index) }
    }

    /// Starts ready objects of the first rank in which an object is ready or still holds the rank.
    private mutating func startReady(after other: Int?) {
        while activeCount < limit, asideCount < ApplySchedule.asideLimit {
            let rank = ready.indices.first { !ready[$0].isEmpty || holderCounts[$0] > 0 }
            guard let rank, let next = ready[rank].popFirst() else { return }
            guard !entries[next].hasTurn else { continue }
            entries[next].startedAt = .now
            entries[next].isActive = true
            entries[next].holdsRank = true
            activeCount += 1
            holderCounts[rank] += 1
            giveTurn(next, .start(after: other))
        }
    }

    private mutating func giveTurn(_ index: Int, _ turn: ApplySchedule.Turn) {
        guard !entries[index].hasTurn else { return }
        entries[index].hasTurn = true
        remainingCount -= 1
        dueTurns.append((index, turn))
    }

    private mutating func deactivate(_ index: Int) {
        entries[index].isActive = false
        activeCount -= 1
        releaseRank(index)
    }

    private mutating func releaseRank(_ index: Int) {
        guard entries[index].holdsRank else { return }
        entries[index].holdsRank = false
        holderCounts[entries[index].rank] -= 1
    }
}
