import Base
import Execution
import State

extension TaskAttempt {
    /// The waits of the attempt and the work between them.
    var spans: [TimelineSpan] {
        var spans: [TimelineSpan] = []
        var position = start
        let limit = end ?? .seconds(Int64.max / 2)
        for wait in waits {
            let waitStart = min(max(wait.start, position), limit)
            let waitEnd = wait.end.map { min(max($0, waitStart), limit) } ?? end
            if waitEnd == waitStart { continue }
            if waitStart > position { spans.append(TimelineSpan(.work, from: position, to: waitStart)) }
            spans.append(TimelineSpan(wait, from: waitStart, to: waitEnd))
            position = waitEnd ?? limit
        }
        if position < limit || spans.isEmpty { spans.append(TimelineSpan(.work, from: position, to: end)) }
        spans[spans.count - 1].outcome = outcome
        return spans
    }
}

extension TimelineSpan {
    fileprivate init(_ wait: TaskWait, from start: Duration, to end: Duration?) {
        let kind: Kind =
            switch wait.subject.kind {
            case .server: .server
            case .lock: .lock
            case .object, .condition: .condition
            }
        self.init(kind, from: start, to: end, subject: wait.subject.text, reason: wait.reason)
    }
}
