import Testing

@testable import Reporting

/// What `reset` prints about paths that stay.
@Suite struct ResetReportTests {
    @Test func `what is left is reported with a command that a shell of this machine takes`() {
        var report = ResetReport(isDryRun: true)
        report.unlisted = [.init(task: "a", path: "/etc/x", reason: nil)]
        let creation = "is created by the program of the task"
        report.addLeftovers([.init(task: "b", path: "/srv/y", reason: "is not empty")])
        report.addLeftovers([
            .init(task: "b", path: "/srv/y/made", reason: creation),
            .init(task: "b", path: "/srv/y", reason: "is not empty"),
        ])
        #expect(
            report.notes == [
                "a: /etc/x not deleted: it is not listed as made by the task; run 'rm /etc/x' if nothing else needs it",
                "b: /srv/y not deleted: it is not empty; run 'ls -A /srv/y' to see what is in it, or give the task "
                    + "a key 'reset'",
                "b: /srv/y/made not deleted: it is created by the program of the task; run 'rm -r /srv/y/made' if "
                    + "nothing else needs it, or give the task a key 'reset'",
            ]
        )
    }

    @Test func `a task with several commands counts once, and former states are no commands of a task`() {
        var report = ResetReport(isDryRun: false)
        report.commands = [
            .init(task: "a", text: "rm /a"),
            .init(task: "a", text: "systemctl stop a", isRestoration: true),
            .init(task: "a", text: "systemctl disable a", isRestoration: true),
            .init(task: "b", text: "rm /b"),
        ]
        #expect(report.summary == "ran the reset commands of 2 tasks, restored 2 former states")
        #expect(report.question == "Run the reset commands of 2 tasks, restore 2 former states? [y/N] ")
    }

    @Test(.timeLimit(.minutes(5))) func `10,000 directories are compared without comparing each pair`() {
        var report = ResetReport(isDryRun: true)
        report.addLeftovers((0..<10_000).map { .init(task: "t", path: "/srv/\($0)", reason: "is created") })
        report.addLeftovers((0..<10_000).map { .init(task: "t", path: "/srv/\($0)/below", reason: "is not empty") })
        #expect(report.leftovers.count == 10_000)
    }

    @Test func `the command has the directory of --root, and quotes where the shell needs them`() {
        var report = ResetReport(isDryRun: true, root: "/mnt/a node")
        report.unlisted = [.init(task: "a", path: "/etc/x", reason: nil)]
        report.addLeftovers([.init(task: "b", path: "/srv/it's", reason: "is created by the program of the task")])
        #expect(
            report.notes == [
                "a: /etc/x not deleted: it is not listed as made by the task; run rm '/mnt/a node/etc/x' if nothing "
                    + "else needs it",
                #"b: /srv/it's not deleted: it is created by the program of the task; run rm -r '/mnt/a node/srv/it'\''s' "#
                    + "if nothing else needs it, or give the task a key 'reset'",
            ]
        )
    }
}
