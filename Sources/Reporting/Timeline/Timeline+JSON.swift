import Base
import Execution
import Host
import State
import YAML

/// Returns a timeline as one JSON object.
///
/// - Parameter timeline: The timeline.
/// - Returns: One line without its end.
public func timelineJSON(_ timeline: Timeline) -> String {
    var pairs: [(String, Node)] = [
        Node.outputVersion, ("origin", .string(timeline.origin.rawValue)),
        ("originAt", .string(timeline.originTime.description)),
    ]
    if let finished = timeline.bootFinished { pairs.append(("bootFinishedSeconds", .seconds(finished))) }
    pairs += [
        ("endSeconds", .seconds(timeline.end)), ("ongoing", .boolean(timeline.isOngoing)),
        ("tasks", .sequence(timeline.tasks.map(\.node))), ("units", .sequence(timeline.units.map(\.node))),
        ("criticalPath", .sequence(timeline.criticalPath.map { .string($0) })),
        ("notes", .sequence(timeline.notes.map { .string($0) })),
    ]
    return String(decoding: Node.mapping(pairs).json(), as: UTF8.self)
}

extension TimelineTask {
    /// The task as a JSON object, without what is not known.
    fileprivate var node: Node {
        var pairs: [(String, Node)] = [("task", .string(name))]
        if let description { pairs.append(("description", .string(description))) }
        pairs += [("state", .string("\(state)")), ("after", .sequence(dependencies.map { .string($0) }))]
        pairs += [("critical", .boolean(isCritical)), ("attempts", .number(attemptCount))]
        if let started { pairs.append(("startedSeconds", .seconds(started))) }
        if let ended { pairs.append(("endedSeconds", .seconds(ended))) }
        pairs.append(("spans", .sequence(spans.map(\.node))))
        return .mapping(pairs)
    }
}

extension TimelineSpan {
    /// The span as a JSON object, without what is not known.
    fileprivate var node: Node {
        var pairs: [(String, Node)] = [("kind", .string(kind.rawValue)), ("startSeconds", .seconds(start))]
        if let end { pairs.append(("endSeconds", .seconds(end))) }
        if let subject { pairs.append(("subject", .string(subject))) }
        if let reason { pairs.append(("reason", .string(reason))) }
        if let outcome { pairs.append(("outcome", .string(outcome.rawValue))) }
        return .mapping(pairs)
    }
}

extension TimelineUnit {
    /// The unit as a JSON object, without what is not known.
    fileprivate var node: Node {
        var pairs: [(String, Node)] = [
            ("unit", .string(name)), ("active", .string(state.active)), ("sub", .string(state.sub)),
            ("critical", .boolean(isCritical)),
        ]
        if let started { pairs.append(("startedSeconds", .seconds(started))) }
        if let active { pairs.append(("activeSeconds", .seconds(active))) }
        if let ended { pairs.append(("endedSeconds", .seconds(ended))) }
        return .mapping(pairs)
    }
}
