public import Base
public import YAML

/// The document `docs/problems.md`, which lists all codes of problems.
public var problemsDocument: String {
    let intro = """
        # Codes of problems

        Every kind of problem has a code that does not change. On a terminal, messages end with it; the output for
        programs has it as `code` ([json.md](json.md)), and entries of the journal as `NEST_CODE`
        ([systemd.md](systemd.md#journal)).
        `nest-bootstrap explain NB0201` prints what is here.
        [troubleshooting.md](troubleshooting.md) begins with symptoms.

        This page is written by `make problems`.


        """
    let areas = ProblemCode.Area.allCases.map { area in
        "## \(area.rawValue)xx: \(area.title)\n\n" + area.codes.map(\.explanation.markdown).joined(separator: "\n")
    }
    return intro + areas.joined(separator: "\n")
}

extension ProblemExplanation {
    /// The explanation as a section of a document.
    fileprivate var markdown: String {
        let text = example.text.split(separator: "\n", omittingEmptySubsequences: false)
        let block = text.map { $0.isEmpty ? "" : "    \($0.replacing("\t", with: "→"))" }.joined(separator: "\n")
        let lines = (paragraph(quotedInMarkdown(cause)) + [""] + paragraph("**Fix:** " + quotedInMarkdown(fix)))
        return "### \(code.rawValue): \(title)\n\n\(lines.joined(separator: "\n"))\n\n\(exampleTitle):\n\n\(block)\n"
    }

    private func paragraph(_ text: String) -> [String] { text.wrapped(to: 120) }

    /// The words before the example.
    public var exampleTitle: String {
        switch example {
        case .taskFile: "A task file with this problem"
        case .manifest: "A manifest with this problem"
        case .message: "A message"
        }
    }

    /// The machine-readable form.
    public var node: Node {
        .mapping([
            Node.outputVersion, ("code", .string(code.rawValue)), ("title", .string(title)), ("cause", .string(cause)),
            ("fix", .string(fix)), ("example", .string(example.text)),
        ])
    }
}

/// Returns a text with its words in single quotes as code.
private func quotedInMarkdown(_ text: String) -> String {
    text.replacing(/'([^' ][^']*)'/) { "`\($0.output.1)`" }
        .replacing(/\$\{NAME\}/) { "`\($0.output)`" }
}
