import Actions
import Base
import HTTP
import Kubernetes
import Planning
import Reporting
import YAML

/// Command `rbac`: the roles that the agent needs at the API server.
struct RBACCommand: Command {
    static let name = "rbac"

    static let help = CommandHelp(
        summary: "print the roles that the agent needs at the API server",
        description: "Prints the smallest roles with which the tasks of this node succeed, bound to a user of their "
            + "own, so that the agent need not be an administrator. Every permission to read one object or to "
            + "write is limited to the names of objects; those to list and watch are not.",
        usage: ["nest-bootstrap rbac [FLAG]..."],
        details: [
            "An administrator applies them once, and again when manifests get objects of other names. The certificate "
                + "of the kubeconfig that the tasks use needs the user as its CN and no O; docs/task-file/kubeconfig.md shows "
                + "how to make it. For a namespace that may not exist yet, the permissions are for the whole cluster.",
            "To apply a role, a user needs the permission to escalate it: a person who may change the manifests of "
                + "the task file decides what the roles in them allow.",
            "Where a task has eight or more objects of a kind in a namespace, one list of their metadata is faster than a "
                + "request for each. RBAC has no permission for metadata alone, so it opens the contents of all objects of the kind "
                + "there, of Secrets never. Without it nothing is missing, and no warning is printed. The last lines of the output "
                + "say which lists '--with-lists' would allow.",
            "The name of the roles is nest-bootstrap:ROLE, with the role of the node, so that those of several roles "
                + "do not replace each other. With '--output json' the output is a List, which kubectl reads as well.",
        ],
        exitCodes: [Row("0", "printed"), .usageError, Row("65", "a manifest cannot be read"), .wrongTaskFile],
        examples: [
            "rbac | kubectl apply -f -", "rbac --role control-plane --user node-bootstrap",
            "rbac --role worker -o json",
        ],
        files: Row.taskFiles,
    )

    static let flags: [Flag<Self>] = [
        Flag("--user", "NAME", "the user of the roles, the CN of its certificate (default: \(defaultUser))") {
            (command, _, value) throws(UsageError) in
            let isName = !value.isEmpty && value.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"/%".utf8.contains($0) }
            guard isName, ![".", ".."].contains(value), !value.hasPrefix("system:") else {
                throw UsageError(
                    "invalid value '\(value)' for '--user': expected a name without spaces, '/' and '%' that does not "
                        + "begin with 'system:'"
                )
            }
            command.user = value
        },
        Flag(
            "--with-lists",
            "also list what a task has many of: faster, and opens the contents of all of them",
            \.allowsLists
        ),
        .config, .role, .hostName, .root, .output,
    ]

    /// Whether the larger roles are printed.
    var allowsLists = false

    /// The default name of the user to which the roles are bound.
    static let defaultUser = "nest-bootstrap"

    var user = Self.defaultUser

    func run(_ options: Options, in program: Program) async throws -> ExitCode {
        try await program.withConfiguration(options) { try await print($0, program.output) }
    }

    /// Prints the roles and bindings as input of `kubectl apply -f -`, unless a manifest cannot be read.
    private func print(_ configuration: Configuration, _ output: ConsoleOutput) async throws -> ExitCode {
        let http = try HTTPClient(startsAtOnce: false)
        var (access, findings) = await NodeCheck(configuration.environment(http)).requiredAccess()
        await http.shutDown()
        let reports = configuration.declarations.cluster.report?.kubeconfig != nil
        if reports { access.report() }
        if allowsLists { access.allowLists() }
        output.report(warnings: findings.warnings)
        guard findings.problems.isEmpty else {
            output.report(findings.problems, .taskFileWrong)
            return .data
        }
        guard reports || configuration.plan.steps.contains(where: { $0.task.footprint.kubeconfig != nil }) else {
            output.report(warnings: [
                Problem("no task of this node talks to the API server, so it needs no roles")
            ])
            write([], as: configuration.options.output, output)
            return .success
        }
        // Nodes with different roles run different tasks, so each combination of node roles has its own RBAC roles.
        let parts = ["nest-bootstrap", user == Self.defaultUser ? nil : user].compactMap(\.self)
        let name = (parts + configuration.declarations.roles).joined(separator: ":")
        write(access.objects(user: user, name: name), as: configuration.options.output, output)
        if !allowsLists, !configuration.options.output.isForPrograms, !access.listedCollections.isEmpty {
            let lines = access.listedCollections.map { "#   \($0)" }
            let words = "# Not needed: with '--with-lists' the roles also list, and so read, all"
            output.writeData(([words] + lines).joined(separator: "\n") + "\n")
        }
        return .success
    }

    private func write(_ objects: [Node], as format: OutputFormat, _ output: ConsoleOutput) {
        if format.isForPrograms {
            let list = Node.mapping([
                ("apiVersion", .string("v1")), ("kind", .string("List")), ("items", .sequence(objects)),
            ])
            output.writeObject(list)
        } else {
            output.writeData(objects.map { $0.yamlLines().joined(separator: "\n") + "\n" }.joined(separator: "---\n"))
        }
    }
}
