import Base
import Kubernetes
import Planning
import Reporting

/// Command `manual`: the source of a manual page, for the build of the package.
struct ManualCommand: Command {
    static let name = "manual"

    static let help = CommandHelp(
        summary: "print the source of a manual page; the build of the package calls it",
        description: "Prints bootstrap.yaml(5) or nest-bootstrap(8) in the macros of mdoc.",
        usage: ["nest-bootstrap manual 5|8 DATE"],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage")],
        examples: ["manual 8 'November 20, 2026'"],
    )

    static let flags: [Flag<Self>] = []

    static let isShown = false

    var page = Manual.program
    var date = ""

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        guard names.count == 2, let page = Int(names[0]).flatMap(Manual.init) else {
            throw UsageError("'manual' takes 5 or 8, and a date")
        }
        (self.page, date) = (page, names[1])
    }

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        program.output.writeData(page.text(date: date))
        return .success
    }
}

/// The manual pages that are generated from the definitions in the program.
enum Manual: Int, Sendable, Hashable, CaseIterable {
    /// bootstrap.yaml(5): the keys of the task file.
    case taskFile = 5
    /// nest-bootstrap(8): the commands.
    case program = 8

    /// Returns the source of the page.
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
        page.add(".Nm", ".Ar COMMAND", ".Op Ar FLAG ...")
        page.section("DESCRIPTION")
        page.paragraphs([
            "nest-bootstrap brings a Kubernetes node to the state that one task file describes: kubeconfigs, CNI files, RBAC, "
                + "custom resources, DaemonSets. It runs the tasks in the order of their dependencies, waits for the API server, "
                + "and applies manifests with server-side apply.",
            "At boot systemd runs each task as a unit, see nest-bootstrap.systemd(7). Every key of the task file is described "
                + "in bootstrap.yaml(5).",
        ])
        page.section("COMMANDS")
        for command in shownCommands {
            page.subsection(command.name)
            page.display(
                helpText(command).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
            )
        }
        page.section("ENVIRONMENT")
        page.list([
            ("Ev NEST_ROLE", ["The role of this node, several with commas, where '--role' is not given."]),
            ("Ev KUBECONFIG", ["The kubeconfig of 'status --all-nodes', where '--kubeconfig' is not given."]),
            ("Ev NO_COLOR", ["If it is set and not empty, output has no colours."]),
            ("Ev TERM", ["If it is 'dumb', output has no colours and lines are not rewritten."]),
            ("Ev LC_ALL , LC_CTYPE , LANG", ["Without UTF-8 output is ASCII."]),
        ])
        page.section("FILES")
        page.list(Row.taskFiles.map { ("Pa \(escaped($0.term))", [sentence($0.text)]) })
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

/// The source of a manual page, in mdoc macros.
///
/// The macros are described in mdoc(7): https://mandoc.bsd.lv/man/mdoc.7.html
struct ManualText {
    private(set) var lines: [String] = []

    /// Begins a page.
    init(_ title: String, _ section: Int, date: String, _ summary: String) {
        let escapedTitle = escaped(title)
        lines = [
            ".Dd \(date)", ".Dt \(escapedTitle.uppercased()) \(section)", ".Os",
            ".Sh NAME", ".Nm \(escapedTitle)", ".Nd \(escaped(summary))",
        ]
    }

    /// The complete source.
    var text: String { lines.map { $0 + "\n" }.joined() }

    mutating func add(_ macros: String...) { lines += macros }

    /// Begins a section.
    mutating func section(_ title: String) { lines.append(".Sh \(title)") }

    /// Begins a subsection.
    mutating func subsection(_ title: String) { lines.append(".Ss \(escaped(title))") }

    /// Adds paragraphs of text, separated by macros.
    mutating func paragraphs(_ texts: [String]) {
        for (index, text) in texts.enumerated() {
            if index > 0 { lines.append(".Pp") }
            paragraph(text)
        }
    }

    /// Adds a text, and begins a new line of the source with every sentence.
    mutating func paragraph(_ text: String) {
        for sentence in sentences(text) { lines += escaped(sentence).wrapped(to: 76).map(guarded) }
    }

    /// Adds a list of terms with texts.
    mutating func list(_ items: [(term: String, texts: [String])]) {
        guard !items.isEmpty else { return }
        lines.append(".Bl -tag -width Ds")
        for item in items {
            lines.append(".It \(item.term)")
            paragraphs(item.texts)
        }
        lines.append(".El")
    }

    /// Adds lines in literal form.
    mutating func display(_ texts: [String]) {
        lines.append(".Bd -literal")
        lines += texts.map { guarded(escaped($0)) }
        lines.append(".Ed")
    }
}

/// Escapes a text for roff.
func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\e").replacing("`", with: "").replacing("’", with: "'")
}

/// Protects a line from being interpreted as a macro.
private func guarded(_ line: String) -> String {
    line.hasPrefix(".") || line.hasPrefix("'") ? "\\&\(line)" : line
}

private func sentences(_ text: String) -> [String] {
    var result: [String] = [""]
    for word in text.split(separator: " ") {
        if !result[result.count - 1].isEmpty { result[result.count - 1] += " " }
        result[result.count - 1] += word
        if word.hasSuffix(".") || word.hasSuffix("?") { result.append("") }
    }
    return result.filter { !$0.isEmpty }
}
