import Base
import Testing

@testable import Reporting

/// The view of a run on terminals of several sizes.
@Suite(.timeLimit(.minutes(15)))
struct LiveLayoutTests {
    /// Names such as `task-007`.
    private static func name(_ number: Int) -> String { "task-" + String(1000 + number).dropFirst() }

    /// A run in which of every 20 tasks 3 have ended, one has failed and 4 run.
    private static func script(_ count: Int) -> String {
        let tasks = (1...count).map { number in
            number > 20 ? "\(name(number)): \(name(number - 20)) \(name(number - 19))" : name(number)
        }
        let waits = "wait API server 10.0.0.1:6443: connection refused: 接続が拒否されました (gives up at 12:10:00Z)"
        let events = (1...count).flatMap { number -> [String] in
            let name = name(number)
            return switch number % 20 {
            case 1: ["\(name) start file", "\(name) path /etc/\(name) created", "\(name) end changed 12ms"]
            case 2, 3: ["\(name) start file", "\(name) end unchanged 1s"]
            case 4:
                ["\(name) start exec", "\(name) end failed 2m 'sh -c x' exited with status 1; see its output above"]
            case 5, 6: ["\(name) start apply", "\(name) \(waits)"]
            case 7: ["\(name) start apply", "\(name) count 20", "\(name) object ConfigMap/kube-system/a created"]
            case 8: ["\(name) start exec", "\(name) path /etc/\(String(repeating: "many words ", count: 30)) created"]
            default: []
            }
        }
        return "tasks \(tasks.joined(separator: ", "))\n\(events.joined(separator: "\n"))\n+8s\n"
    }

    private static let sizes = [40, 80, 120, 200].flatMap { columns in [24, 50].map { (columns, $0) } }

    @Test(arguments: [3, 15, 200], sizes)
    func `no line is wider than the terminal, and the view is never higher`(count: Int, size: (Int, Int)) {
        let run = TerminalRun(columns: size.0, rows: size.1)
        run.play(Self.script(count))
        #expect(run.window.allSatisfy { $0.columnCount < size.0 })
        #expect(run.window.count < size.1)
        // What runs and what has failed is shown, or counted.
        let shown = run.window.count { $0.contains("  running  ") || $0.contains("1 of 20") }
        #expect(count < 15 || shown > 0)
        #expect(count < 15 || run.text.contains("error: 'sh -c x' exited with"))
        let rows = run.text.split(separator: "\n").count { $0.hasPrefix("task-") }
        #expect(count > 15 || rows == count, "\(run.text)")
        // Lines of the view do not stay: each task that has ended is there at most once.
        run.play("+1s")
        let lines = run.text.split(separator: "\n").filter { $0.hasPrefix("task-001") }
        #expect(lines.count <= 1)
    }

    @Test func `a resized window gets the view that fits it`() {
        let run = TerminalRun(columns: 120, rows: 30)
        run.play(Self.script(15))
        let rows = run.window.count { $0.hasPrefix("task-") }
        #expect(rows == 15)
        for (columns, height) in [(60, 30), (60, 12), (44, 8), (120, 30), (20, 5), (80, 24)] {
            for wraps in [true, false] {
                run.resize(columns: columns, rows: height, wrapsLines: wraps)
                #expect(run.window.allSatisfy { $0.columnCount < columns })
                let names = run.window.filter { $0.hasPrefix("task-") }.map { $0.prefix(8) }
                #expect(names.count > 0 && Set(names).count == names.count, "\(columns) x \(height): \(run.window)")
                #expect(height < 12 || names.contains("task-005"))
            }
        }
    }

    @Test func `a wait ends with its object, not with another one`() {
        let run = TerminalRun(columns: 100)
        run.play("tasks pool\npool start apply\n+5s\npool wait IPPool/a: kind not served yet\n+2s")
        run.play("pool wait IPPool/b: kind not served yet\npool object IPPool/c unchanged")
        #expect(run.window == ["pool  running      7 s      waiting 0 s (and 1 more): kind not served yet (IPPool/b)"])
        run.play("pool object IPPool/b unchanged")
        #expect(run.window == ["pool  running      7 s      waiting 2 s: kind not served yet (IPPool/a)"])
        run.play("pool object IPPool/a unchanged")
        #expect(run.window == ["pool  running      7 s      IPPool/a unchanged"])
    }

    @Test func `a rollout is one wait, whichever of its objects is the first that is not ready`() {
        let run = TerminalRun(columns: 120)
        run.play("tasks net\nnet start apply\nnet count 2\nnet wait API server a:6443: connection refused")
        run.play("net object DaemonSet/a created\nnet object Deployment/b created\n+5s")
        run.play("net rollout DaemonSet/a: ready: 0 of 1; Deployment/b: not available\n+9s")
        let head = "net  running      14 s     2 of 2 objects, waiting 9 s: "
        run.play("net rollout Deployment/b: not available (gives up at 12:00:00Z)")
        #expect(run.window == [head + "not available (Deployment/b; gives up at 12:00:00Z)"])
        run.play("net rollout DaemonSet/a: ready: 0 of 1")
        #expect(run.window == [head + "ready: 0 of 1 (DaemonSet/a)"])
    }

    @Test func `a rollout ends the waits before it, and ends with what comes after it`() {
        let run = TerminalRun(columns: 100)
        run.play("tasks net\nnet start apply\n+5s\nnet wait API server a:6443: connection refused")
        run.play("net rollout DaemonSet/a: ready: 0 of 1\n+1s")
        #expect(run.window == ["net  running      6 s      waiting 1 s: ready: 0 of 1 (DaemonSet/a)"])
        run.play("net wait the lists of its objects: no leader")
        #expect(run.window == ["net  running      6 s      waiting 0 s: no leader (the lists of its objects)"])
        run.play("net rollout DaemonSet/a: ready: 0 of 1\nnet object ConfigMap/old deleted")
        #expect(run.window.last == "net  running      6 s      ConfigMap/old deleted")
    }
}
