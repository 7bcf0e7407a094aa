extension CommandHelp {
    static let explain = CommandHelp(
        summary: "explain a key of the task file",
        description:
            "Prints what a key of the task file means, its type, its default and the keys below it. Without a key it "
            + "lists the sections of the file.",
        usage: ["nest-bootstrap explain [KEY] [FLAG]..."],
        details: [
            "KEY is the place of the key, with dots between its parts, or the end of it: 'wait' is the verb, "
                + "'apply.wait' the key of 'apply'. The names of tasks, nodes and others may be in it, also as its last "
                + "part: 'tasks.calico-crds'. With '--output json' each key is one JSON object."
        ],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage, or no such key")],
        examples: ["explain", "explain apply", "explain tasks.NAME.timeout"],
        files: [],
    )

    static let schema = CommandHelp(
        summary: "print the JSON Schema of the task file",
        description: "Prints the JSON Schema, draft 2020-12, of task files and drop-ins, for editors and validators.",
        usage: ["nest-bootstrap schema"],
        details: [
            "An editor with yaml-language-server completes and checks a file whose first line is "
                + "'# yaml-language-server: $schema=PATH', with the path of the schema.",
            "The schema knows keys, types and what is required. 'check' finds more: it also compares tasks with each "
                + "other, and reads manifests and certificates.",
        ],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage")],
        examples: [
            "schema > bootstrap.schema.json", "schema | diff bootstrap.schema.json -",
            "schema | jq '.properties | keys'",
        ],
        files: [],
    )

    static let completion = CommandHelp(
        summary: "print the completion of a shell",
        description:
            "Prints a script with which a shell completes commands, flags, the tasks, roles and nodes of the task file "
            + "and the keys that 'explain' knows. The package installs the scripts of all three shells.",
        usage: ["nest-bootstrap completion bash|zsh|fish"],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage")],
        examples: [
            "completion bash > /etc/bash_completion.d/nest-bootstrap",
            "completion zsh > ~/.zfunc/_nest-bootstrap",
            "completion fish > /etc/fish/completions/nest-bootstrap.fish",
        ],
        files: [],
    )

    static let manual = CommandHelp(
        summary: "print the source of a manual page; the build of the package calls it",
        description: "Prints bootstrap.yaml(5) or nest-bootstrap(8) in the macros of mdoc.",
        usage: ["nest-bootstrap manual 5|8 DATE"],
        exitCodes: [Row("0", "printed"), Row("64", "wrong usage")],
        examples: ["manual 8 'November 20, 2026'"],
        files: [],
    )
}
