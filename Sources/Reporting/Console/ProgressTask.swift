import Base
import Execution

/// A running task, with what it does.
struct ProgressTask {
    /// Something that the task waits for.
    private struct Wait {
        let subject: Substring
        var words: String
        let since: Duration
    }

    let name: String
    private let start: Duration
    private var activity: String
    private var waits: [Wait] = []
    /// The number of objects that the task checks or changes, once it is known.
    private var objectCount = 0
    private var doneCount = 0

    /// The largest number of waits of one task that are counted.
    private static let waitLimit = 100

    /// The columns of what a task does, below which it is in lines of its own.
    private static let minimumWidth = 30

    init(name: String, verb: String, start: Duration) {
        self.name = name
        self.start = start
        activity = verb
    }

    mutating func note(_ kind: Event.Kind, at now: Duration) {
        switch kind {
        case .waiting(let words): wait(words, at: now)
        case .lease(let holder): if holder.isSelf { proceed(holder.text, nil) }
        case .objectCount(let count): objectCount = count
        case .object(let object, let result):
            doneCount += 1
            proceed("\(object) \(result.change.rawValue)", object)
        case .objectFailed(let object, _):
            doneCount += 1
            proceed("\(object) failed", object)
        case .path(let path, let result): proceed("\(path) \(result.change.rawValue)", nil)
        case .planned(let text): proceed(text, nil)
        case .output(let text): proceed("| \(text)", nil)
        case .runStarted, .taskStarted, .warning, .taskFinished, .runFinished: break
        }
    }

    /// Applies a text about waiting, which begins with its subject.
    private mutating func wait(_ words: String, at now: Duration) {
        let subject = words.firstRange(of: ": ").map { words[..<$0.lowerBound] } ?? words[...]
        let known = waits.firstIndex { $0.subject == subject }
        let since = known.map { waits.remove(at: $0).since } ?? now
        if waits.count < Self.waitLimit { waits.append(Wait(subject: subject, words: words, since: since)) }
    }

    /// Applies a result, which ends the waits before it.
    private mutating func proceed(_ activity: String, _ object: String?) {
        self.activity = activity
        // Other objects of the task may still be waiting. A subject with spaces is the server, which all of them wait for.
        waits.removeAll { wait in object.map { wait.subject == $0 || wait.subject.contains(" ") } ?? true }
    }

    /// What the task does, when it is not waiting.
    private var work: String {
        guard objectCount > 0 else { return activity }
        let objects = "\(doneCount) of \(objectCount) object\(objectCount == 1 ? "" : "s")"
        return doneCount == 0 ? objects : "\(objects), last: \(activity)"
    }

    /// What the task does, in one line.
    var summary: String {
        guard let wait = waits.last else { return printable(work) }
        let more = waits.count > 1 ? " (and \(waits.count - 1) more)" : ""
        return printable("waiting\(more): \(wait.words)")
    }

    /// Formats the lines that show the task; at most four, in which the cause of a wait comes first.
    func lines(at now: Duration, nameWidth: Int, columns: Int, isUTF8: Bool) -> [Line] {
        let age = (now - start).clockText
        let text = printable(isUTF8 ? doing(at: now) : asciiText(doing(at: now)))
        let tone: Line.Tone = waits.isEmpty ? .progress : .waiting
        let indentation = nameWidth + 10
        var lines: [String]
        if columns - indentation >= Self.minimumWidth {
            let name = name.truncated(to: nameWidth, isUTF8: isUTF8).padded(to: nameWidth)
            let heads = ["\(name)  \(age.padded(to: 7)) "] + Array(repeating: "".padded(to: indentation), count: 3)
            lines = text.wrapped(to: columns - indentation).enumerated().map { index, line in
                heads[min(index, 3)] + line
            }
        } else {
            let head = "\(name.truncated(to: columns - age.count - 2, isUTF8: isUTF8))  \(age)"
            lines = [head] + text.wrapped(to: columns - 2).map { "  \($0)" }
        }
        if lines.count > 4 { lines[3] += " " + (isUTF8 ? "…" : "...") }
        return lines.prefix(4).map { Line(nil, $0.truncated(to: columns, isUTF8: isUTF8), tone) }
    }

    private func doing(at now: Duration) -> String {
        guard let wait = waits.last else { return work }
        let more = waits.count > 1 ? " (and \(waits.count - 1) more)" : ""
        let objects = doneCount > 0 && objectCount > 0 ? "\(doneCount) of \(objectCount) objects, " : ""
        let time = "\(objects)waiting \((now - wait.since).clockText)\(more)"
        guard wait.subject.endIndex < wait.words.endIndex else { return "\(time): \(wait.words)" }
        var reason = wait.words[wait.subject.endIndex...].dropFirst(2)
        var end = ""
        if let range = reason.ranges(of: " (gives up at ").last, reason.last == ")" {
            end = "; gives up at \(reason[range.upperBound...].dropLast())"
            reason = reason[..<range.lowerBound]
        }
        return "\(time): \(reason) (\(wait.subject)\(end))"
    }
}
