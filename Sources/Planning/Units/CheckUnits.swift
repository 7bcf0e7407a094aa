public import YAML

/// The service that checks the task file, with what it may do and tasks may not.
///
/// It is there for every task file, and wanted only by the target of a wrong one. So when the file is mended, systemd has
/// nobody left who needs a service that failed, and forgets the failure by itself.
///
/// - Parameters:
///   - call: How the units call the program.
///   - isWrong: Whether the task file was wrong when the units were made. If the service then finds it right, because it
///     was mended or the node has got its name meanwhile, it has the units made anew and started; it fails if the file is
///     still wrong for whoever makes them.
/// - Returns: The service and its drop-in.
func checkUnits(_ call: UnitCall, isWrong: Bool) -> [UnitFile] {
    var check = UnitText(comment: "Made by nest-bootstrap. Changes here are lost.")
    check.section("Unit")
    check.set("Description", "Check of the task file of this Kubernetes node")
    check.set("CollectMode", "inactive-or-failed")
    check.section("Service")
    check.command("ExecStart", [call.program, "check"] + call.flags)
    if isWrong {
        // In one: a command that the new unit does not have would not be begun.
        let script = """
            systemctl daemon-reload; \
            if systemctl show --value --property=Requires \(targetName) | grep -q -e \(checkName); \
            then echo "the task file is right here and wrong for the generator; is NEST_ROLE set for one of them?"; exit 78; \
            fi; systemctl --no-block start \(targetName)
            """
        check.command("ExecStartPost", prefixes: "+", ["/bin/sh", "-c", script])
    }
    check.set("TimeoutStartSec", "\(Limit.unitPatience)")
    // So that `systemctl status` of the target shows the lines too.
    check.set("LogExtraFields", "OBJECT_SYSTEMD_UNIT=\(targetName)")

    var privileges = UnitText(comment: "Made by nest-bootstrap. Where a check is unlike tasks.")
    privileges.section("Service")
    // A task file may be wrong again.
    privileges.set("RemainAfterExit", "no")
    privileges.set("Restart", "no")
    // The file is right although a manifest or a certificate is not, or is not there yet: their tasks will tell.
    privileges.set("SuccessExitStatus", "65")
    privileges.set("CapabilityBoundingSet", Privileges.reading)
    privileges.set("ProtectHome", "read-only")
    privileges.set("InaccessiblePaths", "")
    for path in Secrets.ofNoTask { privileges.path("InaccessiblePaths", path) }
    return [
        UnitFile(path: checkName, content: .text(check.text)),
        UnitFile(path: "\(checkName).d/50-privileges.conf", content: .text(privileges.text)),
    ]
}

/// A name that no task has, and to which the drop-in of all tasks applies.
private let checkName = "k8s-bootstrap--check.service"

/// Writes the units of a node whose task file is wrong: the target fails and says why, and nothing else is touched.
///
/// A target has no command that could fail, so it requires the service that checks the task file. What that prints is in
/// the journal of both.
///
/// - Parameters:
///   - problems: What is wrong.
///   - call: How the units call the program.
///   - known: Tasks of this boot that may be running. Their units stay, so that nothing ends them, and tell the mistakes
///     to who starts them.
/// - Returns: The service that checks, a drop-in for the target, and the units of known tasks.
public func brokenUnits(_ problems: Diagnostics, _ call: UnitCall, known: [String] = []) -> [UnitFile] {
    let count = problems.all.count
    let words = count == 1 ? "the task file is wrong" : "the task file has \(count) mistakes, the first"
    let summary = problems.all.first.map { "\(words): \($0)" } ?? words
    var drop = UnitText(comment: "Made by nest-bootstrap, because the task file is wrong.")
    drop.section("Unit")
    drop.set("Description", unitPhrase(summary))
    drop.set("Requires", checkName)
    drop.set("After", checkName)
    return checkUnits(call, isWrong: true) + known.filter(isTaskName).map { standIn(for: $0, call) } + [
        UnitFile(path: "\(targetName).d/50-diagnostics.conf", content: .text(drop.text))
    ]
}

/// The unit of a task of which nothing but its name is known.
private func standIn(for task: String, _ call: UnitCall) -> UnitFile {
    var unit = UnitText(comment: "Made by nest-bootstrap, because the task file is wrong. Changes here are lost.")
    unit.section("Unit")
    unit.set("Description", "Task \(task) of this Kubernetes node, the task file being wrong")
    unit.section("Service")
    unit.command("ExecStart", [call.program, "run", "--task", task] + call.flags)
    // Whoever runs has a deadline of its own, within the longest that a task may have.
    unit.set("TimeoutStartSec", "\(Limit.timeout.components.seconds + Limit.unitPatience)")
    return UnitFile(path: unitName(ofTask: task), content: .text(unit.text))
}
