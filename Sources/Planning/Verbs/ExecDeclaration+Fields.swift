import YAML

extension ExecDeclaration {
    /// Reads the keys of `exec`, wherever in the task they stand.
    init?(_ fields: inout Fields) {
        let script = fields.value("script") { $0.scriptPath() }
        let command = fields.value("command") { item in
            item.string(expected: "a command").map { text in
                Program.command(text.contains("/") ? item.resolve(text) : text, item.node.place)
            }
        }
        let variables = fields.variables
        let arguments = fields.value("args") { item in
            item.items(of: "arguments", variables, hintsLiteral: true)?.compactMap { $0.text(.text, mayBeEmpty: true) }
        }
        let environment = fields.texts("environment") {
            $0.isEnvironmentName($1)
        } _: {
            $0.text(.text, mayBeEmpty: true)
        }
        let preStart = fields.value("preStart", hintsLiteral: true) { $0.string(.text) }
        let creates = fields.value("creates") { $0.writtenPath() }
        let needs = ExecNeeds(&fields)
        fields.tellUnlessOne(of: ["script", "command"], example: "script: /path/to/script.sh")
        guard let program = script.map(Program.script) ?? command else { return nil }
        self.init(
            program: program,
            arguments: arguments ?? [],
            environment: environment,
            preStart: preStart,
            creates: creates,
            needs: needs,
        )
    }
}
