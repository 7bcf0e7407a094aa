import Base
import Testing

@testable import Reporting

/// The view of a run on terminals of several sizes.
@Suite(.timeLimit(.minutes(30)))
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
        for isUTF8 in [true, false] {
            let run = TerminalRun(columns: size.0, rows: size.1, isUTF8: isUTF8)
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
            #expect(lines.count == 1)
        }
    }

    @Test func `200 tasks on 24 rows are counted before, and after, those that run`() {
        let run = TerminalRun()
        let names = (1...200).map { $0 > 20 ? "\(Self.name($0)): \(Self.name($0 - 20))" : Self.name($0) }
        run.play("tasks \(names.joined(separator: ", "))")
        for number in 1...30 {
            let name = Self.name(number)
            run.play("\(name) start exec\n\(name) end \(number % 10 == 0 ? "changed" : "unchanged") 1s")
        }
        run.play("task-031 start apply\ntask-031 fail ConfigMap/x: x.yaml:3:5: unknown field 'dta'\n")
        run.play("task-031 end failed 2s no")
        for number in 32...47 { run.play("\(Self.name(number)) start exec") }
        run.play("task-033 wait '/run/x': it does not exist (gives up at 12:10:00Z)\n+5s")
        #expect(
            run.window.joined(separator: "\n") == """
                task-030  changed      1 s
                30 tasks done: 3 changed, 27 unchanged
                task-031  failed       2 s      1 object failed
                    error: ConfigMap/x: x.yaml:3:5: unknown field 'dta'
                    error: no
                task-032  running      5 s      exec
                task-033  running      5 s
                    waiting: it does not exist ('/run/x'; gives up at 12:10:00Z)
                task-034  running      5 s      exec
                task-035  running      5 s      exec
                task-036  running      5 s      exec
                task-037  running      5 s      exec
                task-038  running      5 s      exec
                task-039  running      5 s      exec
                task-040  running      5 s      exec
                task-041  running      5 s      exec
                task-042  running      5 s      exec
                task-043  running      5 s      exec
                task-044  running      5 s      exec
                task-045  running      5 s      exec
                task-046  running      5 s      exec
                task-047  running      5 s      exec
                153 tasks have not started
                """
        )
        for number in 32...200 {
            run.play("\(Self.name(number)) start exec\n\(Self.name(number)) end unchanged 1s")
        }
        run.play("done")
        #expect(
            run.text == """
                task-010  changed      1 s
                task-020  changed      1 s
                task-030  changed      1 s
                task-031  failed       2 s      1 object failed
                    error: ConfigMap/x: x.yaml:3:5: unknown field 'dta'
                    error: no
                200 tasks: 3 changed, 196 unchanged, 1 failed

                """
        )
    }

    @Test func `more failures than rows leave the view whole`() {
        let run = TerminalRun(rows: 10)
        run.play("tasks \((1...30).map(Self.name).joined(separator: ", "))\ntask-030 start exec")
        for number in 1...20 {
            let name = Self.name(number)
            run.play("\(name) start exec\n\(name) end failed 1s cause \(number); hint \(number)")
        }
        #expect(
            run.window.joined(separator: "\n") == """
                    error: cause 18; hint 18
                18 tasks done: 18 failed
                task-019  failed       1 s
                    error: cause 19; hint 19
                task-020  failed       1 s
                    error: cause 20; hint 20
                task-021  queued
                task-030  running      0 s      exec
                8 more tasks have not started
                """
        )
        #expect(run.text.hasPrefix("task-001  failed       1 s\n    error: cause 1; hint 1\ntask-002"))
        for number in 21...30 {
            run.play("\(Self.name(number)) start exec\n\(Self.name(number)) end unchanged 1s")
        }
        run.play("done")
        for number in 1...20 {
            let lines = "\(Self.name(number))  failed       1 s\n    error: cause \(number); hint \(number)\n"
            #expect(run.text.ranges(of: lines).count == 1)
        }
        #expect(run.text.hasSuffix("    error: cause 20; hint 20\n30 tasks: 10 unchanged, 20 failed\n"))
    }

    @Test func `rows that are left are for tasks that were skipped`() {
        let run = TerminalRun(rows: 8)
        run.play("tasks \((1...18).map(Self.name).joined(separator: ", "))")
        for number in 1...14 { run.play("\(Self.name(number)) start exec\n\(Self.name(number)) end unchanged 1s") }
        run.play("task-015 start exec\ntask-015 end failed 1s no")
        for number in 16...18 { run.play("\(Self.name(number)) end skipped task-015") }
        #expect(
            run.window.joined(separator: "\n") == """
                14 tasks done: 14 unchanged
                task-015  failed       1 s
                    error: no
                task-016  skipped               'task-015' did not succeed
                task-017  skipped               'task-015' did not succeed
                task-018  skipped               'task-015' did not succeed
                """
        )
    }

    @Test func `what works is shown before what waits`() {
        let run = TerminalRun(rows: 8)
        run.play("tasks \((1...20).map(Self.name).joined(separator: ", "))")
        for number in 1...20 {
            run.play("\(Self.name(number)) start apply\n\(Self.name(number)) wait API server a: refused")
        }
        run.play("task-015 count 9\ntask-015 object ConfigMap/x unchanged")
        #expect(
            run.window.joined(separator: "\n") == """
                task-001  running      0 s      waiting: refused (API server a)
                task-002  running      0 s      waiting: refused (API server a)
                task-003  running      0 s      waiting: refused (API server a)
                task-004  running      0 s      waiting: refused (API server a)
                task-015  running      0 s      1 of 9 objects, last: ConfigMap/x unchanged
                15 more running
                """
        )
    }

    @Test func `a narrow terminal has what a task does below its row, if there are rows`() {
        let script = """
            tasks generate-kubeconfig, bootstrap-rbac: generate-kubeconfig, crds: bootstrap-rbac
            generate-kubeconfig start kubeconfig
            generate-kubeconfig path /etc/kubernetes/admin.kubeconfig created
            generate-kubeconfig end changed 12ms
            bootstrap-rbac start apply
            bootstrap-rbac wait API server 127.0.0.1:18599: connection refused (gives up at 12:10:00Z)
            +3s
            """
        let run = TerminalRun(columns: 40)
        run.play(script)
        #expect(
            run.window.joined(separator: "\n") == """
                generate-kubecon…  changed      12 ms
                  /etc/kubernetes/admin.kubeconfig
                  created
                bootstrap-rbac     running      3 s
                  waiting: connection refused (API
                  server 127.0.0.1:18599; gives up at
                  12:10:00Z)
                crds               waiting
                  for bootstrap-rbac
                """
        )
        run.play("bootstrap-rbac end failed 4s no\ncrds end skipped bootstrap-rbac\ndone")
        #expect(
            run.text == """
                generate-kubeconfig: changed, 12 ms
                  /etc/kubernetes/admin.kubeconfig
                  created
                bootstrap-rbac: failed, 4 s
                    error: no
                skipped: crds: 'bootstrap-rbac' did not
                    succeed
                3 tasks: 1 changed, 1 failed, 1 skipped

                """
        )
        let low = TerminalRun(columns: 40, rows: 6)
        low.play(script)
        #expect(
            low.window.joined(separator: "\n") == """
                generate-kubecon…  changed      12 ms
                bootstrap-rbac     waiting: connection…
                crds               waiting
                """
        )
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
}
