import Base
import Diagnosis
import Reporting

struct DoctorCommand: Command {
    static let name = "doctor"

    static let help = CommandHelp(
        summary: "say why this machine is not a Ready node, and how to fix it",
        details: [
            "It changes nothing and needs no task file. The first line is the first cause, the second line its fix: fix it, "
                + "and run it again. Without root, it does not see all. With '--root', only files are looked at, and the API "
                + "server that they name."
        ],
        exitCodes: [
            Row("0", "nothing is wrong, and the server has sent the Node"),
            Row("1", "something is wrong, or the Node was not seen"), .usageError,
        ],
        examples: ["doctor", "doctor --all", "doctor --output json"],
    )

    static let flags: [Flag<Self>] = [
        Flag("--all", "print everything that was found, and what could not be looked at", \.isComplete),
        .root("look at the files below DIR, which is the root of another machine"), .output,
    ]

    var isComplete = false

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        let root = options.root.map(Configuration.absolute) ?? ""
        let diagnosis = await Collector(root: root, environment: options.environment).diagnosis()
        if options.output.isForPrograms {
            program.output.writeObjects(diagnosis.json)
        } else {
            program.output.write(diagnosis.lines(isComplete: isComplete).map { printable($0) + "\n" }.joined())
        }
        return diagnosis.isSound ? .success : .failure
    }
}

extension NodeDiagnosis {
    func lines(isComplete: Bool) -> [String] {
        var lines = first.map { [$0.line, "fix: \($0.fix)"] } ?? [summary]
        let notes = notes.map { "note: \($0.line); \($0.fix)" }
        guard isComplete else {
            let count = others.count
            if count > 0 {
                lines.append("\(count) more \(count == 1 ? "fault" : "faults"): see 'nest-bootstrap doctor --all'")
            }
            return lines + (first == nil ? notes : [])
        }
        lines += consequences.map { "because of it: \($0.line)" }
        for finding in others { lines += ["also wrong: \(finding.line)", "fix: \(finding.fix)"] }
        return lines + notes + unseen.map { "not looked at: \($0.subject): \($0.reason)" }
    }

    private var summary: String {
        let list = versions.isEmpty ? "" : ": \(versions.joined(separator: ", "))"
        if isReady { return "Node '\(node)' is Ready\(list)" }
        if !isNodeSeen {
            let reason = unseen.first { [.configuration, .credentials, .server].contains($0.area) }
            let why = reason.map { " (\($0.subject): \($0.reason))" } ?? ""
            return "Node '\(node)' was not seen\(why); nothing that was looked at is wrong\(list)"
        }
        let hint = unseen.isEmpty ? "" : "; 'nest-bootstrap doctor --all' prints what could not be looked at"
        return "nothing wrong was found, but the Node was not seen to be Ready\(list)\(hint)"
    }

    var json: String {
        func object(_ finding: Finding) -> Node {
            .known([
                ("code", .string(finding.code)), ("area", .string(finding.area.rawValue)),
                ("subject", .string(finding.subject)), ("cause", .string(finding.cause)), ("fix", .string(finding.fix)),
            ])
        }
        let unseen = unseen.map { unseen in
            Node.known([
                ("area", .string(unseen.area.rawValue)), ("subject", .string(unseen.subject)),
                ("reason", .string(unseen.reason)),
            ])
        }
        return Node.output([
            ("node", .string(node)), ("ready", .boolean(isReady)), ("cause", first.map(object)),
            ("consequences", .sequence(consequences.map(object))), ("others", .sequence(others.map(object))),
            ("notes", .sequence(notes.map(object))), ("unseen", .sequence(unseen)),
        ])
    }
}
