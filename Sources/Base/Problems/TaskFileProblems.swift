extension ProblemExplanation {
    /// Keys and values of the task file.
    static let ofTaskFiles: [Self] = [
        .init(
            .unknownKey,
            "Unknown key",
            cause: """
                The key is misspelt, belongs to another mapping, or is from another version of nest-bootstrap. An \
                unknown key is an error, as it would have no effect.
                """,
            fix: "Use the key that the hint names. 'nest-bootstrap explain KEY' describes a key.",
            example: .taskFile(
                """
                tasks:
                  a:
                    exec: {comand: "true"}
                """
            )
        ),
        .init(
            .missingKey,
            "Missing key",
            cause: "A key that has no default is not there, or a list or mapping in its place is empty.",
            fix: "Add the key that the hint names.",
            example: .taskFile(
                """
                tasks:
                  a:
                    file: {content: x}
                """
            )
        ),
        .init(
            .wrongValue,
            "Value of the wrong type or form",
            cause: """
                The value is of another type than the key has, such as text in place of a list, or does not have the \
                form that the key requires, such as a duration, a URL, an address, a path or a digest.
                """,
            fix: """
                Write the value as the message and the hint say. 'nest-bootstrap explain KEY' has an example of each \
                key.
                """,
            example: .taskFile(
                """
                tasks:
                  a:
                    timeout: soon
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .contradictingKeys,
            "Keys that cannot be used together",
            cause: "Two keys exclude each other, or say the same thing twice.",
            fix: "Remove one of them.",
            example: .taskFile(
                """
                tasks:
                  a:
                    file: {path: /etc/a, content: x, source: b}
                """
            )
        ),
        .init(
            .ineffectiveKey,
            "Key without effect here",
            cause: "The key is known, and has an effect only together with another key or another value.",
            fix: "Add the other key that the message names, or remove this one.",
            example: .taskFile(
                """
                tasks:
                  a:
                    wait: {file: /etc/a, certificateAuthority: /etc/ca.crt}
                """
            )
        ),
        .init(
            .wrongVerbs,
            "Task without a verb, or with several",
            cause: """
                Each task does one thing, and the key that says what is its verb: apply, exec, file and so on. A \
                drop-in that declares a task again replaces the task as a whole.
                """,
            fix: "Keep one verb in the task; write another task for a second one.",
            example: .taskFile(
                """
                tasks:
                  a:
                    description: nothing
                """
            )
        ),
        .init(
            .invalidName,
            "Name that is not allowed",
            cause: """
                Names of tasks, nodes, variables and certificates become parts of units, paths and labels, so that \
                only some characters are allowed and some names are reserved.
                """,
            fix: "Write the name that the hint suggests.",
            example: .taskFile(
                """
                tasks:
                  My_Task:
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .unreadTaskFile,
            "Task file that is missing, empty or not read",
            cause: """
                The task file does not exist, cannot be read, declares no task, or is a drop-in whose name does not \
                end in .yaml.
                """,
            fix: "Begin a task file with 'nest-bootstrap init', correct '--config', or rename the drop-in.",
            example: .taskFile("variables: {x: y}")
        ),
        .init(
            .unresolvedVariable,
            "Variable that has no value",
            cause: """
                The text ${NAME} names a variable that is not declared, has no value for this node, or is made of \
                itself. Or a name, a path or a field of a manifest contains a placeholder of another program, such as \
                {{ name }} or <NAME>, which nothing replaces. Or a SHA-256 digest is a placeholder of zeros.
                """,
            fix: """
                Declare the variable below 'variables', correct its name, or write '$${' if no variable is meant. Write \
                the value in place of a placeholder.
                """,
            example: .taskFile(
                """
                tasks:
                  a:
                    file: {path: /etc/a, content: "${colour}"}
                """
            )
        ),
        .init(
            .unusedVariable,
            "Variable that nothing uses",
            cause: """
                A drop-in sets a variable whose name no file uses, so that it has no effect. The name is probably \
                misspelt.
                """,
            fix: "Correct the name, or remove the variable.",
            example: .message(
                "bootstrap.d/site.yaml:2:3: variable 'colr' is set here and used nowhere; did you mean 'colour'?"
            )
        ),
        .init(
            .ownInput,
            "Task that uses what it makes itself",
            cause: """
                A task reads the file that it writes, or a link leads back to itself, so that it could never succeed \
                or would destroy its own input.
                """,
            fix: "Name another file.",
            example: .taskFile(
                """
                tasks:
                  a:
                    file: {path: /etc/a, source: /etc/a}
                """
            )
        ),
    ]
}
