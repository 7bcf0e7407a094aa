extension CommandHelp {
    static let reset = CommandHelp(
        summary: "undo what the tasks have made on this node",
        description:
            "Undoes what the tasks of this node have made, on any boot: stops the units of the tasks, runs the "
            + "lines of their key 'reset', and deletes the files, links and empty directories that they have made, "
            + "also those of tasks that are no longer in the task file. Objects of the cluster stay.",
        usage: ["nest-bootstrap reset [FLAG]..."],
        details: [
            "What somebody has changed since stays and is listed with the reason. So does what a task with a failed line "
                + "of 'reset' has made. Another 'reset' then goes on.",
            "On a terminal it lists what it would delete, and asks. Otherwise it needs '--yes' or '--dry-run'.",
            "An invalid task file does not matter: then the lines are those of the last run of each task.",
            "The next boot runs the tasks again, unless the package or the task file is removed first.",
        ],
        exitCodes: [
            Row("0", "nothing is left"), Row("1", "something stays, a line failed, or the answer was no"),
            Row("64", "wrong usage, or nobody to ask"), Row("130, 143", "interrupted, terminated"),
        ],
        examples: ["reset --dry-run", "reset", "reset --yes --output json"],
        files: [
            Row("/var/lib/nest-bootstrap-products/TASK.json", "what task TASK has made"),
            Row("/var/lib/nest-bootstrap, /run/nest-bootstrap", "cache and records, which are deleted"),
        ],
    )
}
