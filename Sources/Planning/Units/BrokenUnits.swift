public import YAML

/// Writes the units of a node whose task file is wrong: the target fails and says why, and nothing else is touched.
///
/// A target has no command that could fail, so it requires a service that checks the task file. What that prints is in
/// the journal of both.
///
/// - Parameters:
///   - problems: What is wrong.
///   - call: How the units call the program.
/// - Returns: The service and a drop-in for each of the two.
public func brokenUnits(_ problems: Diagnostics, _ call: UnitCall) -> [UnitFile] {
    let count = problems.all.count
    let words = count == 1 ? "the task file is wrong" : "the task file has \(count) mistakes, the first"
    let summary = problems.all.first.map { "\(words): \($0)" } ?? words
    // A name that no task has, and to which the drop-in of all tasks applies.
    let service = "k8s-bootstrap--check.service"

    var check = UnitText(comment: "Made by nest-bootstrap, because the task file is wrong.")
    check.section("Unit")
    check.set("Description", "Check of the task file of this Kubernetes node")
    check.section("Service")
    check.command("ExecStart", [call.program, "check"] + call.flags)
    // So that `systemctl status` of the target shows the lines too.
    check.set("LogExtraFields", "OBJECT_SYSTEMD_UNIT=\(targetName)")

    var privileges = UnitText(comment: "What a check may do and tasks may not. Made by nest-bootstrap.")
    privileges.section("Service")
    privileges.set("CapabilityBoundingSet", Privileges.reading)

    var drop = UnitText(comment: "Made by nest-bootstrap, because the task file is wrong.")
    drop.section("Unit")
    drop.set("Description", unitPhrase(summary))
    drop.set("Requires", service)
    drop.set("After", service)
    return [
        UnitFile(path: service, content: .text(check.text)),
        UnitFile(path: "\(service).d/50-privileges.conf", content: .text(privileges.text)),
        UnitFile(path: "\(targetName).d/50-diagnostics.conf", content: .text(drop.text)),
    ]
}
