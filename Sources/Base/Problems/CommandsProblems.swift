extension ProblemExplanation {
    /// Units and other commands.
    static let ofCommands: [Self] = [
        .init(
            .unitsOutdated,
            "Units that do not match the task file",
            cause: """
                The task file has changed since systemd made the units from it, a unit is masked, or a unit cannot \
                be written.
                """,
            fix: "Run 'nest-bootstrap up', or unmask the unit.",
            example: .message("systemd does not know unit 'k8s-bootstrap-a.service' yet; run 'nest-bootstrap up'")
        ),
        .init(
            .runningElsewhere,
            "Work that another process is doing",
            cause: "Another process runs or resets the same task, or changes the same set of certificates.",
            fix: "Wait until it has ended, or stop it.",
            example: .message("task 'a' is being run, or reset, by process 4711")
        ),
        .init(
            .taskNotSucceeded,
            "Task that has not succeeded",
            cause: "A task, or a task that it runs after, has failed or has not run on this boot.",
            fix: "See 'nest-bootstrap status', and correct the task that failed.",
            example: .message("task 'b' runs after 'a', which has not run on this boot")
        ),
        .init(
            .resetIncomplete,
            "Reset that left something",
            cause: """
                A part of what tasks have made was not deleted: a command of 'reset' failed, the task file cannot be \
                used, or the units are still being stopped.
                """,
            fix: "Correct the cause in the message, and run 'nest-bootstrap reset' again.",
            example: .message(
                "the reset commands of task 'a' failed (exited with code 1), so what it has made is not deleted"
            )
        ),
        .init(
            .journalUnreadable,
            "Journal that cannot be read",
            cause: "There is no journal, or the user may not read it.",
            fix: "Run it as root or as a member of group 'systemd-journal'.",
            example: .message(
                """
                nest-bootstrap: cannot read the journal: permission denied; run as root, or as a member of group \
                'systemd-journal' or 'adm'
                """
            )
        ),
        .init(
            .unreadableInventory,
            "Inventory that cannot be imported",
            cause: """
                A table, a file of Nix or another inventory lacks a column or value, has one that a node cannot \
                have, or cannot be evaluated.
                """,
            fix: "Correct the file at the place in the message.",
            example: .message("hosts.csv:1:1: column 'ip' is missing")
        ),
    ]
}
