/// A way in which the unit of a task differs on purpose from the one that the homelab's own module makes of it.
///
/// `docs/nixos.md` has the same rows in a table.
struct IntendedDifference: Sendable {
    /// What differs.
    let subject: String
    /// What the homelab's module does.
    let theirs: String
    /// What this one does, and why.
    let ours: String
    /// Makes of the homelab's settings those that are expected here.
    let change: @Sendable (_ settings: inout UnitSettings, _ unit: HomelabUnit) -> Void

    /// All of them; everything else must be the same.
    static let all = order + program

    private static let order = [
        Self(
            subject: "`after` with another task",
            theirs: "starts the task when the other has ended, even if it has failed",
            ours: "starts the task only after the other has succeeded"
        ) { settings, _ in
            settings.add("Requires", settings["After", default: []].filter { $0.hasPrefix("k8s-bootstrap-") })
        },
        Self(
            subject: "no `after`",
            theirs: "starts the task after `multi-user.target`",
            ours: "starts it at once, so slow services do not delay it; name in `after` what it needs"
        ) { settings, _ in
            settings["After"]?.remove("multi-user.target")
        },
        Self(
            subject: "`wantedBy`",
            theirs: "is `multi-user.target` by default",
            ours: "is added to `k8s-bootstrap.target`, which requires all tasks"
        ) { settings, _ in
            settings["WantedBy"]?.remove("multi-user.target")
            if settings["WantedBy"]?.isEmpty == true { settings["WantedBy"] = nil }
            settings.add("RequiredBy", ["k8s-bootstrap.target"])
            settings.add("Before", ["k8s-bootstrap.target"])
        },
        Self(
            subject: "a failure",
            theirs: "leaves the unit failed",
            ours: "starts `k8s-bootstrap-alert@TASK.service`; the task is retried"
        ) { settings, _ in
            settings.add("OnFailure", ["k8s-bootstrap-health.service", "k8s-bootstrap-health.timer"])
            settings.add("StartLimitIntervalSec", ["0"])
        },
        Self(
            subject: "a task that does not end",
            theirs: "runs forever",
            ours: "fails after `timeout`, by default 10 minutes"
        ) { settings, _ in
            settings.add("TimeoutStartSec", ["660"])
            settings.add("KillMode", ["mixed"])
            settings.add("NotifyAccess", ["main"])
            settings.add("SuccessExitStatus", ["143"])
        },
        Self(
            subject: "`nixos-rebuild switch`",
            theirs: "restarts a task whose unit has changed",
            ours: "also restarts its dependants; a digest in the unit changes with the script"
        ) { settings, _ in
            settings.add("X-Restart-Triggers", ["64 digits"])
        },
    ]

    private static let program = [
        Self(
            subject: "the process of the unit",
            theirs: "is the script",
            ours: "is `nest-bootstrap run --task TASK`, which runs the script and records its outcome for `status`"
        ) { settings, unit in
            let run = "/usr/bin/nest-bootstrap run --task \(unit.task)"
            settings.add("ExecStart", [":\(run)"])
            settings.add("Environment", ["PATH=/usr/bin:/usr/bin"])
            settings.add("SourcePath", ["/etc/nest-bootstrap/bootstrap.yaml"])
        },
        Self(
            subject: "access",
            theirs: "is that of root",
            ours: "is to all files except those that the sandbox hides, such as sockets of services"
        ) { settings, _ in
            settings.add("sandbox", ["yes"])
        },
        Self(
            subject: "`environment`",
            theirs: "is unquoted in the unit, so systemd splits values at spaces",
            ours: "reaches the script unchanged"
        ) { settings, unit in
            settings["environment"] = unit.environment
        },
        Self(
            subject: "`PATH`",
            theirs: "has coreutils, findutils, grep, sed and systemd, as in every NixOS service",
            ours: "is option `path`: bash, gawk and kubectl are added; systemd, which the sandbox hides, is missing"
        ) { settings, _ in
            settings.add("PATH", ["bash", "gawk", "kubectl"])
            settings["PATH"]?.remove("systemd")
        },
    ]
}

extension UnitSettings {
    /// Adds values of a setting.
    fileprivate mutating func add(_ key: String, _ values: Set<String>) { self[key, default: []].formUnion(values) }
}
