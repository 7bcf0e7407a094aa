import Testing

/// What a task waits for, as a terminal shows it.
@Suite(.timeLimit(.minutes(5)))
struct LiveWaitTests {
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
