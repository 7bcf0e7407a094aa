import Execution

/// What was told of a run so far, so that nothing is told twice.
struct Ledger {
    /// What was told of one task.
    struct Entry {
        var verb: String?
        var objects = ObjectCounts()
        var isFinished = false
        fileprivate var problems: Set<Problem> = []
        fileprivate var waits: Set<String> = []
    }

    private var entries: [String: Entry] = [:]

    /// What was told of a task, empty for one that nothing was told of.
    subscript(task: String?) -> Entry { entries[task ?? ""] ?? Entry() }

    /// Notes what an event adds.
    mutating func note(_ event: Event) {
        change(event.task) { entry in
            switch event.kind {
            case .taskStarted(let verb): entry.verb = verb
            case .object(_, let result): entry.objects.count(result.change)
            case .objectFailed: entry.objects.failed += 1
            case .taskFinished: entry.isFinished = true
            default: break
            }
        }
    }

    /// Leaves those of an error's problems that the task was not told yet.
    mutating func untold(_ problems: [Problem], of task: String?) -> [Problem] {
        change(task) { entry in problems.filter { entry.problems.insert($0).inserted } }
    }

    /// Tells whether the task never said before what it waits for.
    ///
    /// Objects of one task wait side by side and take turns in saying so; each reason is one line, which names the first
    /// of those that wait for the same thing since the same second.
    mutating func isNewWait(_ words: String, of task: String?) -> Bool {
        change(task) { entry in
            if entry.waits.count == waitLimit { entry.waits = [] }
            return entry.waits.insert(reason(in: words)).inserted
        }
    }

    private mutating func change<Result>(_ task: String?, _ body: (inout Entry) -> Result) -> Result {
        body(&entries[task ?? "", default: Entry()])
    }
}

/// The reasons of one task that are remembered.
private let waitLimit = 1000

/// The words without the object that they begin with.
private func reason(in words: String) -> String {
    guard let colon = words.firstRange(of: ": ") else { return words }
    let subject = words[..<colon.lowerBound]
    return subject.contains("/") && !subject.contains(" ") ? String(words[colon.upperBound...]) : words
}
