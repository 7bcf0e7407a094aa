extension ProblemExplanation {
    /// Names, references and order of tasks.
    static let ofReferences: [Self] = [
        .init(
            .unknownTask,
            "Task that is not declared",
            cause: """
                A name in 'after', on the command line or in a drop-in is not the name of a task in any of the \
                files.
                """,
            fix: "Correct the name, or declare the task.",
            example: .taskFile(
                """
                tasks:
                  a:
                    after: [b]
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .taskNotHere,
            "Task that does not exist on this node",
            cause: "The task is disabled with 'enable: false', or its 'roles' do not include the role of this node.",
            fix: "Remove the reference, enable the task, or add the role to its 'roles'.",
            example: .taskFile(
                """
                tasks:
                  a:
                    after: [b]
                    exec: {command: "true"}
                  b:
                    enable: false
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .taskCycle,
            "Tasks that run after each other",
            cause: "The 'after' of several tasks leads back to the first of them, so that none of them can begin.",
            fix: "Remove one of the 'after' that the message lists.",
            example: .taskFile(
                """
                tasks:
                  a:
                    after: [b]
                    exec: {command: "true"}
                  b:
                    after: [a]
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .unknownRole,
            "Role that is not known",
            cause: """
                A role is not one of the roles of 'nodes', no task uses it, or the role of this node is not known \
                although a task has 'roles'.
                """,
            fix: "Correct the name of the role, or add this node with its role to 'nodes'.",
            example: .taskFile(
                """
                nodes:
                  cp1: {role: server}
                tasks:
                  a:
                    roles: [servr]
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .pathWrittenTwice,
            "Path that two tasks write or remove",
            cause: """
                Two tasks write the same path, or one task removes a directory in which another one writes, so that \
                each run of one undoes the other.
                """,
            fix: "Write to another path, or put both into one task.",
            example: .taskFile(
                """
                tasks:
                  a:
                    file: {path: /etc/a, content: x}
                  b:
                    file: {path: /etc/a, content: z}
                """
            )
        ),
        .init(
            .objectAppliedTwice,
            "Object or set that two tasks have",
            cause: """
                Two tasks apply the same object, or have the same set with 'prune', so that each would undo the \
                other.
                """,
            fix: "Remove the object from one of them, or give one of them another set.",
            example: .message(
                """
                bootstrap.yaml:7:5: task 'b' applies ConfigMap/default/x, which task 'a' applies too \
                (a.yaml:1:1): each would undo the other; remove it from one of them
                """
            )
        ),
        .init(
            .undeclaredDependency,
            "Task that needs another one without running after it",
            cause: """
                A task reads a file, applies a kind, or uses a namespace or address that another task provides, and \
                its 'after' does not name that task. It fails if it happens to run first.
                """,
            fix: "Add the task to 'after', as the hint says.",
            example: .taskFile(
                """
                tasks:
                  a:
                    file: {path: /etc/a, content: x}
                  b:
                    file: {path: /etc/b, source: /etc/a}
                """
            )
        ),
        .init(
            .unclearKubeconfig,
            "Task whose kubeconfig is not clear",
            cause: """
                The task talks to the API server, names no kubeconfig, and runs after no task that writes one, or \
                after several.
                """,
            fix: "Write 'kubeconfig: PATH' in the task, or run it after the task that writes the kubeconfig.",
            example: .taskFile(
                """
                tasks:
                  a:
                    apply: {manifests: [manifest.yaml]}
                """
            )
        ),
        .init(
            .wrongNodes,
            "Nodes that contradict each other",
            cause: """
                Two nodes have the same address, name or pattern, or differ only in case, or a list of nodes does \
                not exist or is empty.
                """,
            fix: "Correct the node at the place in the message.",
            example: .taskFile(
                """
                nodes:
                  cp1: {role: server, address: 10.0.0.1}
                  cp2: {role: server, address: 10.0.0.1}
                tasks:
                  a:
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .misspeltName,
            "Name that is declared but used otherwise",
            cause: """
                A task, variable or role is declared with a name that is not used, and a similar name is used \
                without being declared.
                """,
            fix: "Write the same name in both places.",
            example: .taskFile(
                """
                variables: {colr: red}
                tasks:
                  a:
                    file: {path: /etc/a, content: "${colour} ${colour}"}
                """
            )
        ),
    ]
}
