import Base
import Kubernetes
import Planning

/// The manual pages that are generated from the definitions in the program.
enum Manual: Int, Sendable, Hashable, CaseIterable {
    /// bootstrap.yaml(5): the keys of the task file.
    case taskFile = 5
    /// nest-bootstrap(8): the commands.
    case program = 8

    /// Returns the source of the page.
    ///
    /// - Parameter date: The date of the page, such as `November 20, 2026`.
    /// - Returns: The source in mdoc macros.
    func text(date: String) -> String {
        switch self {
        case .taskFile: Self.taskFilePage(date)
        case .program: Self.programPage(date)
        }
    }
}

// MARK: nest-bootstrap(8)

extension Manual {
    private static func programPage(_ date: String) -> String {
        var page = ManualText("nest-bootstrap", 8, date: date, "prepare this Kubernetes node")
        page.section("SYNOPSIS")
        let name = "nest-bootstrap "
        for usage in shownCommands.flatMap({ $0.help.usage }) where usage.hasPrefix(name) {
            page.add(".Nm", escaped(String(usage.dropFirst(name.count))))
        }
        page.section("DESCRIPTION")
        page.paragraphs([
            "nest-bootstrap brings a Kubernetes node to the state that one task file describes: kubeconfigs, CNI files, RBAC, "
                + "custom resources, DaemonSets. It runs the tasks in the order of their dependencies, waits for the API server, "
                + "and applies manifests with server-side apply.",
            "At boot systemd runs each task as a unit, see nest-bootstrap.systemd(7). Every key of the task file is described "
                + "in bootstrap.yaml(5).",
        ])
        page.section("COMMANDS")
        for command in shownCommands { describe(command, on: &page) }
        addEnvironmentAndFiles(&page)
        page.section("EXAMPLES")
        page.display(shownCommands.flatMap { $0.help.examples.prefix(2).map { "nest-bootstrap \($0)" } })
        page.section("SEE ALSO")
        page.add(
            ".Xr journalctl 1 ,",
            ".Xr systemctl 1 ,",
            ".Xr bootstrap.yaml 5 ,",
            ".Xr nest-bootstrap.systemd 7 ,",
            ".Xr systemd.generator 7",
            ".Pp",
            ".Pa /usr/share/doc/nest-bootstrap/README.md"
        )
        return page.text
    }

    private static func addEnvironmentAndFiles(_ page: inout ManualText) {
        page.section("ENVIRONMENT")
        page.list(
            width: "KUBECONFIG",
            [
                ("Ev NEST_ROLE", ["The role of this node, several with commas, where '--role' is not given."]),
                ("Ev KUBECONFIG", ["The kubeconfig of 'status --all-nodes', where '--kubeconfig' is not given."]),
                ("Ev NO_COLOR", ["If it is set and not empty, output has no colours."]),
                ("Ev TERM", ["If it is 'dumb', output has no colours and lines are not rewritten."]),
                ("Ev LC_ALL , LC_CTYPE , LANG", ["Without UTF-8 output is ASCII."]),
            ]
        )
        page.section("FILES")
        let files = (Row.taskFiles + shownCommands.flatMap { $0.help.files }).unique(by: \.term)
        page.list(files.map { ("Pa \(escaped($0.term))", [sentence($0.text)]) })
        page.section("EXIT STATUS")
        page.paragraph("The most common ones; each command lists its own.")
        page.list(
            width: "64",
            isCompact: true,
            [
                (term("0"), ["Success."]), (term("1"), ["A task failed, or output was lost."]),
                (term("64"), ["Wrong usage."]),
                (term("65"), ["A manifest, a path or a certificate is wrong."]),
                (term("75"), ["A dependency has not succeeded yet; retry later."]),
                (term("78"), ["The task file is wrong."]),
            ]
        )
    }

    private static func describe(_ command: any Command.Type, on page: inout ManualText) {
        let help = command.help
        page.subsection(command.name)
        page.paragraph(help.description)
        page.display(help.usage)
        page.list(flags(of: command))
        if !help.details.isEmpty {
            page.add(".Pp")
            page.paragraphs(help.details)
        }
        page.add(".Pp")
        page.paragraph("Exit status:")
        page.list(width: "130,", isCompact: true, help.exitCodes.map { (term($0.term), [sentence($0.text)]) })
    }

    private static func flags(of command: any Command.Type) -> [(term: String, texts: [String])] {
        command.shownFlags.map { flag in
            let names = [flag.shortName, flag.name].compactMap(\.self).map { "Fl \($0.dropFirst())" }
            let value = flag.value.map { " Ar \($0)" } ?? ""
            return ("\(names.joined(separator: " , "))\(value)", [sentence(flag.help)])
        }
    }
}

// MARK: bootstrap.yaml(5)

extension Manual {
    private static func taskFilePage(_ date: String) -> String {
        var page = ManualText("bootstrap.yaml", 5, date: date, "task file of nest-bootstrap")
        let sections = ReferencedKey.sections.map(\.path)
        page.section("DESCRIPTION")
        page.paragraphs([
            "The task file says what nest-bootstrap does on a Kubernetes node. It is YAML, or JSON, with the sections "
                + "\(sections.dropLast().joined(separator: ", ")) and \(sections.last ?? ""). Unknown keys are "
                + "errors; 'nest-bootstrap check' reports all of them at once, with file, line and column.",
            "After the file itself the drop-ins bootstrap.d/*.yaml beside it are read, in the order of their names. A later file "
                + "wins: it replaces a task as a whole, and the entries of the other sections one by one. A task with nothing "
                + "but 'enable: false' is switched off.",
            "The strings of tasks and servers may have variables, ${name}: those of section variables, and ${node.name}, "
                + "${node.role} and ${node.address}. A relative path is relative to the directory of its file.",
        ])
        for section in ReferencedKey.sections {
            page.section("SECTION \(section.path.uppercased())")
            page.paragraph(sentence(section.description.meaning))
            let keys = section.keys.filter { !$0.isVerb }
            page.list(keys.flatMap { items($0, below: $0.place.count - 1) })
            for verb in section.keys where verb.isVerb {
                page.subsection("Verb \(verb.description.name)")
                page.paragraph("The task \(verb.description.meaning).")
                page.list(verb.keys.flatMap { items($0, below: verb.place.count) })
            }
        }
        page.section("ANNOTATIONS")
        page.paragraph("Annotations of the objects in manifests say how verb 'apply' treats them.")
        page.list(ObjectAnnotation.allCases.map { ("Cm \(escaped($0.example))", [sentence($0.meaning)]) })
        page.section("FILES")
        page.list([
            ("Pa /etc/nest-bootstrap/bootstrap.yaml", ["The task file."]),
            ("Pa /etc/nest-bootstrap/bootstrap.d/*.yaml", ["Drop-ins."]),
            ("Pa /usr/share/nest-bootstrap/bootstrap.schema.json", ["The JSON Schema of both."]),
        ])
        page.section("EXAMPLES")
        page.display([
            "variables:", "  credentials: /etc/kubernetes/pki", "tasks:", "  admin-kubeconfig:", "    kubeconfig:",
            "      path: /etc/kubernetes/cluster-admin.kubeconfig", "      user: kubernetes-admin",
            "      certificate: ${credentials}/admin.crt", "      key: ${credentials}/admin.key", "  crds:",
            "    after: [admin-kubeconfig]", "    timeout: 20m", "    apply: {manifests: [crds/]}",
        ])
        page.section("SEE ALSO")
        page.add(".Xr nest-bootstrap.systemd 7 ,", ".Xr nest-bootstrap 8", ".Pp")
        page.add(
            ".Pa /usr/share/doc/nest-bootstrap/docs/task-file.md",
            "(package nest-bootstrap-examples)"
        )
        return page.text
    }

    /// Lists a key and all keys below it; a given number of components is removed from the beginning of their paths.
    private static func items(_ key: ReferencedKey, below count: Int) -> [(term: String, texts: [String])] {
        let description = key.description
        var facts = ["Type: \(description.type)"]
        switch description.presence {
        case .required: facts.append("required")
        case .oneOf: facts.append(description.presenceText)
        case .optional(let text): if let text { facts.append("default: \(text)") }
        }
        let name = key.place.dropFirst(count).joined(separator: ".")
        let own = ("Cm \(escaped(name))", [sentence(description.meaning), sentence(facts.joined(separator: "; "))])
        return [own] + key.keys.flatMap { items($0, below: count) }
    }
}
