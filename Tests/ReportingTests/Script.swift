import Base
import Host
@testable import Planning
import TestSupport

@testable import Reporting

/// What happens in a run, as text: a line an event.
///
///     tasks crds, node: crds        the tasks of the run, with those that they run after
///     +8s                           time passes
///     crds start apply              the task starts, with its verb
///     crds wait API server: refused
///     crds rollout DaemonSet/x: why   a wait that names everything
///     crds count 20                 the number of its objects
///     crds object ConfigMap/x created
///     crds path /etc/x created
///     crds print a line             a program prints it
///     crds warn ConfigMap/x: old
///     crds fail ConfigMap/x: why    an object fails
///     crds end changed 12ms         or unchanged; failed: the rest of the line is why; skipped: because of this task
///     done                          the run has ended
struct Script {
    /// What happens, in this order.
    enum Step {
        /// Something happens.
        case event(Event)
        /// Time passes.
        case time(Duration)
    }

    private(set) var steps: [Step] = []
    /// The tasks that have ended.
    private(set) var entries: [Report.Entry]

    init(_ text: String, after entries: [Report.Entry]) {
        self.entries = entries
        for line in text.split(separator: "\n") { add(line.split(separator: " ").map(String.init)) }
    }

    private mutating func add(_ words: [String]) {
        if words[0] == "tasks" { return addTasks(words.dropFirst().joined(separator: " ")) }
        if words[0] == "done" { return add(nil, .runFinished(Report(entries: entries))) }
        if words[0].hasPrefix("+") {
            let time = parseDuration(String(words[0].dropFirst()))
            precondition(time != nil, "'\(words[0])' is not a duration")
            return steps.append(.time(time ?? .zero))
        }
        let (task, rest) = (words[0], words.dropFirst(2).joined(separator: " "))
        switch words[1] {
        case "start": add(task, .taskStarted(verb: rest))
        case "wait": add(task, .waiting(Wait(rest)))
        case "rollout":
            var wait = Wait(rest)
            wait.isComplete = true
            add(task, .waiting(wait))
        case "count": add(task, .objectCount(Int(rest) ?? 0))
        case "object": add(task, .object(words[2], .init(ObjectResult.Change(rawValue: words[3]) ?? .unchanged)))
        case "path": add(task, .path(words[2], .init(Event.PathResult.Change(rawValue: words[3]) ?? .unchanged)))
        case "print": add(task, .output(rest))
        case "warn": add(task, .warning(subject: Self.head(rest), Self.tail(rest)))
        case "fail": add(task, .objectFailed(.init(Self.head(rest), [Problem(rest)])))
        case "end": end(task, words)
        default: preconditionFailure("unknown event '\(words[1])'")
        }
    }

    private mutating func add(_ task: String?, _ kind: Event.Kind) { steps.append(.event(Event(task: task, kind))) }

    private mutating func addTasks(_ list: String) {
        var names: [String] = []
        var tasks: [Event.RunTask] = []
        for item in list.split(separator: ", ") {
            let after = Self.tail(String(item)).split(separator: " ").compactMap { names.firstIndex(of: String($0)) }
            names.append(Self.head(String(item)))
            tasks.append(.init(name: names[names.count - 1], dependencies: item.contains(": ") ? after : []))
        }
        add(nil, .runStarted(tasks))
    }

    private mutating func end(_ task: String, _ words: [String]) {
        let text = words.dropFirst(4).joined(separator: " ")
        let duration = words.count > 3 ? parseDuration(words[3]) ?? .zero : .zero
        let outcome: Outcome =
            switch words[2] {
            case "changed": .changed
            case "unchanged": .unchanged
            case "failed": .failed(Plain(text))
            case "skipped": .skipped(because: Array(words.dropFirst(3)))
            default: .interrupted
            }
        entries.append(Report.Entry(task: task, outcome: outcome, duration: duration))
        add(task, .taskFinished(outcome, after: duration))
    }

    private static func head(_ text: String) -> String {
        text.firstRange(of: ": ").map { String(text[..<$0.lowerBound]) } ?? text
    }

    private static func tail(_ text: String) -> String {
        text.firstRange(of: ": ").map { String(text[$0.upperBound...]) } ?? text
    }
}

/// A run that is shown on a terminal.
final class TerminalRun {
    private let recorder: Recorder
    private let reporter: Reporter
    private let size: Size
    private let access: Access
    private var screen: Screen
    private var entries: [Report.Entry] = []
    /// The number of bytes that the screen has.
    private var fedCount = 0

    private final class Size: Sendable {
        let value: Locked<TerminalSize>
        init(_ value: TerminalSize) { self.value = Locked(value) }
    }

    private final class Access: Sendable {
        let isForeground = Locked(true)
    }

    init(
        columns: Int = 80,
        rows: Int = 24,
        isColoured: Bool = false,
        showsDiagnostics: Bool = true,
    ) {
        let recorder = Recorder()
        let size = Size(TerminalSize(columns: columns, rows: rows))
        let access = Access()
        (self.recorder, self.size, self.access) = (recorder, size, access)
        screen = Screen(columns: columns, rows: rows)
        let terminal = TerminalScreen(
            recorder.output,
            isColoured: isColoured,
            size: { size.value.withLock { $0 } },
            isForeground: { access.isForeground.withLock { $0 } },
        )
        let sink = TerminalSink(terminal, showsDiagnostics: showsDiagnostics)
        reporter = Reporter(sink, uptime: recorder.uptime)
    }

    /// Lets a script happen, and then draws a frame.
    func play(_ text: String) {
        let script = Script(text, after: entries)
        entries = script.entries
        for step in script.steps {
            switch step {
            case .event(let event):
                reporter.receive(event)
                if case .runFinished = event.kind { reporter.finish() }
            case .time(let duration): recorder.pass(duration)
            }
        }
        reporter.tick()
        feed()
    }

    /// Changes the window, and then draws a frame.
    func resize(columns: Int, rows: Int, wrapsLines: Bool = true) {
        feed()
        screen.resize(columns: columns, rows: rows, wrapsLines: wrapsLines)
        size.value.withLock { $0 = TerminalSize(columns: columns, rows: rows) }
        reporter.tick()
        feed()
    }

    /// Lets a shell write a text to the terminal, and puts the program into the foreground or the background.
    func interrupt(_ text: String, isForeground: Bool) {
        feed()
        screen.feed(text)
        access.isForeground.withLock { $0 = isForeground }
    }

    private func feed() {
        let bytes = Array(recorder.text().utf8)
        screen.feed(Array(bytes[fedCount...]))
        fedCount = bytes.count
    }

    /// What was written since the terminal was last looked at.
    func written(_ text: String) -> String {
        let count = recorder.text().utf8.count
        play(text)
        return String(decoding: Array(recorder.text().utf8)[count...], as: UTF8.self)
    }

    /// The number of writes to the terminal.
    var writeCount: Int { recorder.writeCount }

    /// What was written to standard error.
    var diagnostics: String { recorder.text(.diagnostics) }

    /// The lines in the window.
    var window: [String] { screen.window }

    /// Everything on the terminal and above its window, with the ends of the lines.
    var text: String { screen.text }
}

extension Wait {
    /// Creates a wait from its text for people, such as `API server a:6443: connection refused (gives up at 12:10:00Z)`.
    ///
    /// `API server …` is a server, `Lease/…` a lock, any other name with a slash and without spaces or a quote at its
    /// beginning an object, and everything else a condition.
    init(_ text: String) {
        var text = text[...]
        var givesUpAt: String?
        if let range = text.firstRange(of: " (gives up at ") {
            givesUpAt = String(text[range.upperBound...].dropLast())
            text = text[..<range.lowerBound]
        }
        let colon = text.firstRange(of: ": ")
        let name = String(colon.map { text[..<$0.lowerBound] } ?? text)
        let kind: Subject.Kind =
            if name.hasPrefix("API server ") {
                .server
            } else if name.hasPrefix("Lease/") {
                .lock
            } else {
                name.contains("/") && !name.contains(" ") && !name.hasPrefix("'") ? .object : .condition
            }
        self.init(.init(kind, name), reason: colon.map { String(text[$0.upperBound...]) }, givesUpAt: givesUpAt)
    }
}
