extension CommandHelp {
    static let logs = CommandHelp(
        summary: "show the journal's entries about tasks",
        description:
            "Shows the journal's entries about the named tasks, with those of their units, or all entries of this "
            + "program: what tasks waited for and did, and what their programs printed.",
        usage: ["nest-bootstrap logs [NAME]... [FLAG]..."],
        details: [
            "It calls journalctl, whose pager, keys and permissions apply: users of the groups adm and "
                + "systemd-journal see every entry. A task that is no longer in the task file can be named too.",
            "With '--output json' every entry is one JSON object a line, with all fields; those of this program are "
                + "described in docs/systemd.md.",
        ],
        exitCodes: [
            Row("0", "shown, also if there is no entry"), Row("1", "there is no journal, or it cannot be read"),
            .usageError,
        ],
        examples: ["logs calico-crds", "logs --boot --follow", "logs calico-node --since 10m --output json"],
        files: [],
    )

    static let timeline = CommandHelp(
        summary: "show when each task of this boot waited and ran",
        description:
            "Shows when each task of this node was started on this boot, what it waited for and how long it worked, "
            + "with units of systemd beside them. The critical path, whose tasks decided when the last one ended, is "
            + "marked.",
        usage: ["nest-bootstrap timeline [FLAG]..."],
        details: [
            "A task is shown until it has succeeded for the first time on this boot: its attempts, the time between "
                + "them, and what it waited for before and in each, such as an API server or the lock of the cluster. "
                + "Later runs are left out, as are the repetitions of tasks with 'every'. What still runs or waits "
                + "has no end yet.",
            "The critical path ends with the task that ended last or, while tasks run, with the one that has run "
                + "longest. Each task on it is followed by a task that could start only when it had ended. To make the "
                + "boot faster, make one of these tasks faster.",
            "The units are those that tasks name in 'after', network-online.target, multi-user.target, "
                + "k8s-bootstrap.target and the usual services of Kubernetes, each as it was last started.",
            "Times count from the start of the machine; from the start of the first task if that came after the "
                + "boot, with '--root', and without systemd. They come from the records, systemd and the journal. To "
                + "users who may not read the journal of the system, and without systemd, at most the last two attempts "
                + "of each task are known, and no waits; a note says so. A task that was tried more often then has no "
                + "start and no duration.",
            "With '--format svg' it prints a picture for light and dark pages. With '--output json' it prints one "
                + "object; docs/json.md describes its fields.",
        ],
        exitCodes: [Row("0", "printed, also if something is not known"), .usageError, .wrongTaskFile],
        examples: ["timeline", "timeline --format svg > boot.svg", "timeline --output json | jq .criticalPath"],
        files: [.record],
    )
}
