import Base
import Planning

extension TaskProgress {
    /// The maximum time between the start of a task and a wait that is shown without its duration.
    ///
    /// The duration of such a wait is nearly the same as the running time of the task.
    private static let startTolerance = Duration.seconds(2)

    func age(at now: Duration) -> Duration { now - start }

    /// Returns an activity with the object count, if known; until the first object is done, only the count is returned.
    private func work(_ activity: String) -> String {
        guard objectCount > 0 else { return activity }
        let objects = "\(counts.total) of \(objectCount) object\(objectCount == 1 ? "" : "s")"
        return counts.total == 0 ? objects : "\(objects), last: \(activity)"
    }

    /// The activity as one line that every user may read, without durations or the output of programs.
    var summary: String {
        guard let wait = waits.last?.wait else { return printable(work(activity)) }
        let more = waits.count > 1 ? " (and \(waits.count - 1) more)" : ""
        return printable("waiting\(more): \(wait.publicDescription)")
    }

    /// Returns the activity as shown next to the running time; the reason for a wait comes before its subject.
    func activity(at now: Duration) -> String {
        guard let last = waits.last else { return work(output ?? activity) }
        let objects = counts.total > 0 && objectCount > 0 ? "\(counts.total) of \(objectCount) objects, " : ""
        let time = last.since - start < Self.startTolerance ? "" : " \((now - last.since).clockText)"
        let more = waits.count > 1 ? " (and \(waits.count - 1) more)" : ""
        let head = "\(objects)waiting\(time)\(more)"
        let subject = last.wait.subject.text
        guard let reason = last.wait.reason else { return "\(head): \(subject)" }
        let end = last.wait.givesUpAt.map { "; gives up at \($0)" } ?? ""
        return "\(head): \(reason) (\(subject)\(end))"
    }

    /// The results of the task so far, as names and counts; empty if there are none.
    var result: String {
        var parts: [String] = []
        if nodeChanges.count > 0 {
            parts.append(nodeChanges.first + (nodeChanges.count > 1 ? " and \(nodeChanges.count - 1) more" : ""))
        }
        var rest = counts
        if changedObjects.count == 1 {
            parts.append(changedObjects.first)
            (rest.created, rest.changed, rest.deleted) = (0, 0, 0)
        }
        if !rest.isEmpty { parts.append(changedObjects.count == 1 ? rest.text : rest.objectText) }
        return parts.joined(separator: ", ")
    }
}
