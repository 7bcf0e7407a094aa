import Base
import Planning
import Reporting

struct SchemaCommand: Command {
    static let name = "schema"

    static let help = CommandHelp(
        summary: "print the JSON Schema of the task file",
        usage: ["nest-bootstrap schema"],
        details: [
            "An editor with yaml-language-server completes and checks a file whose first line is "
                + "'# yaml-language-server: $schema=PATH', with the path of the schema."
        ],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage")],
        examples: [
            "schema > bootstrap.schema.json", "schema | diff bootstrap.schema.json -",
            "schema | jq '.properties | keys'",
        ],
    )

    static let flags: [Flag<Self>] = []

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        program.output.write(String(decoding: taskFileSchema().json(), as: UTF8.self) + "\n")
        return .success
    }
}
