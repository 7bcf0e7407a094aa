extension Flag {
    /// The flags that only the units of this program and its completion scripts use.
    static let internalFlags: [Flag] = [
        Flag(
            "--words",
            of: [.completion],
            isInternal: true,
            "list what may follow the line after '--', as it was typed up to the cursor; scripts of shells call this"
        ) { values, _, _ in values.listsCandidates = true },
        Flag(
            "--prepare",
            of: [.run],
            isInternal: true,
            "list what 'reset' undoes, and create the directories that the tasks write to, or without "
                + "'--task' those that are empty in units; units call this first"
        ) { values, _, _ in values.run.isPreparation = true },
        Flag(
            "--repetition",
            of: [.run, .supervise],
            isInternal: true,
            "the task repeats: its success on this boot stays recorded; the units of repetitions call this"
        ) { values, _, _ in values.run.isRepetition = true },
        Flag(
            "--only-metrics",
            of: [.supervise],
            isInternal: true,
            "write the metrics, and look at no unit; k8s-bootstrap--metrics.service calls this"
        ) { values, _, _ in values.supervision = .writeMetrics },
        Flag(
            "--only-report",
            of: [.supervise],
            isInternal: true,
            "report the state of the node to the cluster; k8s-bootstrap--report.service calls this"
        ) { values, _, _ in values.supervision = .report },
        Flag(
            "--tasks-ended",
            of: [.supervise],
            isInternal: true,
            "have the end of all tasks reported to the cluster; k8s-bootstrap--report-end.service calls this"
        ) { values, _, _ in values.supervision = .noteEnd },
    ]
}
