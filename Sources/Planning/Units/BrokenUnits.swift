public import YAML

/// Writes the units of a node whose task file is wrong: the target fails and says why, and nothing else is touched.
///
/// A target has no command that could fail, so it requires a service that checks the task file. What that prints is in
/// the journal of both.
///
/// - Parameters:
///   - problems: What is wrong.
///   - call: How the units call the program.
/// - Returns: The service and a drop-in for the target.
public func brokenUnits(_ problems: Diagnostics, _ call: UnitCall) -> [UnitFile] {
    let count = problems.all.count
    let words = count == 1 ? "the task file is wrong" : "the task file has \(count) mistakes, the first"
    let summary = problems.all.first.map { "\(words): \($0)" } ?? words
    let service = "nest-bootstrap-check.service"

    var check = UnitText(comment: "Made by nest-bootstrap, because the task file is wrong.")
    check.section("Unit")
    check.set("Description", "Check of the task file of this Kubernetes node")
    check.set("DefaultDependencies", "no")
    check.set("Conflicts", "shutdown.target")
    check.set("Before", "\(targetName) shutdown.target")
    check.section("Service")
    check.set("Type", "oneshot")
    check.command("ExecStart", [call.program, "check"] + call.flags)
    check.set("SyslogIdentifier", "nest-bootstrap")
    // So that `systemctl status` of the target shows the lines too.
    check.set("LogExtraFields", "OBJECT_SYSTEMD_UNIT=\(targetName)")
    check.set("Environment", "SWIFT_BACKTRACE=enable=no")

    var drop = UnitText(comment: "Made by nest-bootstrap, because the task file is wrong.")
    drop.section("Unit")
    drop.set("Description", unitPhrase(summary))
    drop.set("Requires", service)
    drop.set("After", service)
    return [
        UnitFile(path: service, content: .text(check.text)),
        UnitFile(path: "\(targetName).d/50-diagnostics.conf", content: .text(drop.text)),
    ]
}
