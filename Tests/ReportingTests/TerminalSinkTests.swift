import Host
import Testing

/// A run on a terminal: what may still change, and what stays.
@Suite(.timeLimit(.minutes(15)))
struct TerminalSinkTests {
    @Test func `every task has a line with what it waits for or does, in the order of the plan`() {
        let run = TerminalRun()
        run.play(
            """
            tasks kubeconfig, crds: kubeconfig, node: crds kubeconfig, labels
            kubeconfig start kubeconfig
            kubeconfig path /etc/admin.kubeconfig created
            kubeconfig end changed 12ms
            crds start apply
            crds wait API server a:6443: connection refused (gives up at 12:00:00Z)
            +8s
            """
        )
        #expect(
            run.text == """
                kubeconfig  changed      12 ms    /etc/admin.kubeconfig created
                crds        running      8 s
                    waiting: connection refused (API server a:6443; gives up at 12:00:00Z)
                node        waiting               for crds
                labels      queued

                """
        )
        run.play(
            """
            crds count 20
            crds object CustomResourceDefinition/a created
            labels start exec
            labels print hello
            """
        )
        #expect(run.text.hasPrefix("labels: | hello\nkubeconfig  changed"))
        #expect(run.window.contains("crds        running      8 s      1 of 20 objects, last: CustomResourceDefinit…"))
        run.play(
            """
            crds end changed 9s
            labels end unchanged 1s
            node start apply
            node count 2
            node object DaemonSet/node configured
            node object ConfigMap/node unchanged
            node end changed 1s
            done
            """
        )
        #expect(run.text.hasPrefix("labels: | hello\nnode: DaemonSet/node configured\nkubeconfig  changed"))
        #expect(run.text.hasSuffix("DaemonSet/node configured, 1 unchanged\n4 tasks: 3 changed, 1 unchanged\n"))
    }

    @Test func `a run that changes nothing is one line at the end`() {
        let run = TerminalRun()
        run.play("tasks a, b\na start file\n+1s\na end unchanged 1s\nb start file\nb end unchanged 1s\ndone")
        #expect(run.text == "2 tasks: 2 unchanged\n")
    }

    @Test func `a failure has its cause and hint below it, and keeps them`() {
        let run = TerminalRun(columns: 60)
        run.play(
            """
            tasks crds, node: crds, pool: node, dns
            crds start apply
            crds count 2
            crds object CustomResourceDefinition/a created
            crds fail CustomResourceDefinition/b: crds/b.yaml:3:5: unknown field 'spce'; did you mean 'spec'?
            """
        )
        run.play(
            """
            crds end failed 2s no
            node end skipped crds
            pool end skipped node
            dns start exec
            """
        )
        #expect(
            run.text == """
                crds  failed       2 s
                    CustomResourceDefinition/a created, 1 failed
                    error: CustomResourceDefinition/b: crds/b.yaml:3:5:
                    unknown field 'spce'; did you mean 'spec'?
                    error: no
                node  skipped               'crds' did not succeed
                pool  skipped               'node' did not succeed
                dns   running      0 s      exec

                """
        )
        run.play("dns end changed 1s\ndone")
        #expect(run.text.hasPrefix("crds  failed       2 s\n    CustomResourceDefinition/a created, 1 failed\n   "))
        #expect(
            run.text.hasSuffix("skipped: node, pool: 'crds' did not succeed\n4 tasks: 1 changed, 1 failed, 2 skipped\n")
        )
    }

    @Test func `what an interruption stopped is named`() {
        let run = TerminalRun()
        run.play(
            """
            tasks crds, node: crds, pool: node
            crds start apply
            crds wait API server a:6443: connection refused (gives up at 12:00:00Z)
            +90s
            crds end interrupted 90s
            node end interrupted
            pool end interrupted
            done
            """
        )
        #expect(run.text.hasPrefix("crds  interrupted  1m 30s\n    waiting: API server a:6443: connection refused"))
        #expect(run.text.hasSuffix("interrupted: node, pool (not started)\n3 tasks: 3 interrupted\n"))
    }

    @Test func `long lines of programs are whole and leave nothing of the view`() {
        let run = TerminalRun(columns: 20)
        run.play("tasks a, b, c\na start exec\nb start exec\nc start exec")
        run.play("a print 0123456789 0123456789 0123456789")
        #expect(run.text.hasPrefix("a: | 0123456789 0123\n456789 0123456789\na"))
        run.play("done")
        #expect(run.text.hasPrefix("a: | 0123456789 0123\n456789 0123456789\nno task to run\n"))
    }

    @Test func `colours are in one word of a line, and only red, green, magenta and cyan`() {
        let run = TerminalRun(isColoured: true)
        let first = run.written("tasks a, b, c\na start file\na end changed 1s\nb start exec\nb end failed 1s no")
        #expect(first.hasPrefix("\ra  \u{1b}[32mchanged\u{1b}[0m      1 s\u{1b}[K\nb  \u{1b}[31mfailed\u{1b}[0m      "))
        #expect(first.hasSuffix("    \u{1b}[31merror:\u{1b}[0m no\u{1b}[K\nc  queued\u{1b}[K\n\u{1b}[J"))
        let last = run.written("b warn x: old\nc end skipped b\ndone")
        #expect(last.contains("b: \u{1b}[35mwarning:\u{1b}[0m x: old\u{1b}[K\n"))
        #expect(last.contains("\u{1b}[35mskipped:\u{1b}[0m c: 'b' did not succeed\u{1b}[K\n"))
        #expect(last.contains("\u{1b}[1m3 tasks: 1 changed, 1 failed, 1 skipped\u{1b}[0m\u{1b}[K\n"))
    }

    @Test func `errors go to standard error when that is elsewhere`() {
        let run = TerminalRun(showsDiagnostics: false)
        run.play("tasks a\na start file\na warn x: old\na end failed 1s no\ndone")
        #expect(run.diagnostics == "a: warning: x: old\na: error: no\n")
        #expect(run.text == "a  failed       1 s\n1 task: 1 failed\n")
    }

    @Test func `in the background only what stays is written`() {
        let run = TerminalRun()
        run.play("tasks a, b: a\na start exec\n+1s")
        run.interrupt("^Z\n[1]+  Stopped\n$ bg\n$ ", isForeground: false)
        #expect(run.written("+1s") == "")
        #expect(run.written("a print hello") == "\ra: | hello\u{1b}[K\n\u{1b}[J")
        let end = run.written("a end changed 2s\nb end interrupted\ndone")
        #expect(end.contains("interrupted: b (not started)\u{1b}[K\n2 tasks: 1 changed, 1 interrupted\u{1b}[K\n"))
    }
}
