/// Words with which other programs name what a command or a flag of this one does.
enum OtherToolsWords {
    /// The calls that commands of other programs mean: kubectl, Terraform, Ansible, Helm, systemctl, Compose and kubeadm.
    static let commands: [String: String] = [
        "apply": "run", "converge": "run", "deploy": "run", "install": "run", "reconcile": "run", "start": "run",
        "switch": "run", "sync": "run",
        "dry-run": "run --dry-run", "simulate": "run --dry-run",
        "lint": "check", "test": "check", "validate": "check", "verify": "check", "vet": "check",
        "compare": "diff", "plan": "diff", "preview": "diff",
        "delete": "reset", "destroy": "reset", "down": "reset", "purge": "reset", "remove": "reset", "rm": "reset",
        "teardown": "reset", "undo": "reset", "uninstall": "reset",
        "get": "status", "health": "status", "info": "status", "list": "status", "ls": "status", "ps": "status",
        "show": "status", "state": "status", "watch": "status --watch",
        "journal": "logs", "tail": "logs --follow",
        "events": "timeline", "history": "timeline", "trace": "timeline",
        "dot": "graph", "render": "graph", "tree": "graph",
        "certs": "certificates check", "pki": "certificates check", "renew": "certificates renew",
        "rotate": "certificates rotate-ca",
        "permissions": "rbac",
        "create": "init", "generate": "init", "new": "init", "setup": "init",
        "autocomplete": "completion bash",
        "doc": "explain", "docs": "explain", "man": "explain",
        "ver": "--version", "version": "--version",
    ]

    /// The flags that flags of other programs mean, with the value if the other flag has it in its name.
    ///
    /// A command need not have all of the flags; the first one that it has is meant.
    static let flags: [String: [String]] = [
        "-f": ["--config"], "-i": ["--config"], "--file": ["--config"], "--filename": ["--config"],
        "--input": ["--config"], "--config-file": ["--config"], "--task-file": ["--config"],
        "--inventory": ["--config"],
        "--name": ["--task"], "--only": ["--task"], "--step": ["--task"], "--tag": ["--task"], "--tags": ["--task"],
        "--target": ["--task"],
        "--check": ["--dry-run"], "--noop": ["--dry-run"], "--plan": ["--dry-run"], "--simulate": ["--dry-run"],
        "--what-if": ["--dry-run"], "--whatif": ["--dry-run"],
        "--json": ["--output json"], "--yaml": ["--output yaml"],
        "-y": ["--yes"], "--assume-yes": ["--yes"], "--auto-approve": ["--yes"], "--force": ["--yes"],
        "--no-confirm": ["--yes"], "--noconfirm": ["--yes"], "--approve": ["--yes"],
        "--follow": ["--watch"], "--host": ["--host-name"], "--node": ["--host-name"],
        "--all-namespaces": ["--all-nodes"],
        "--deps": ["--with-dependencies"], "--recursive": ["--with-dependencies"],
        "--local": ["--offline"], "--no-server": ["--offline"],
        "--chroot": ["--root"], "--destdir": ["--root"], "--installroot": ["--root"], "--prefix": ["--root"],
        "--sysroot": ["--root"],
    ]

    /// Returns the call that a command of another program means.
    static func call(for command: String) -> String? { commands[command.lowercased()] }

    /// Returns the flag that a flag of another program means.
    ///
    /// - Parameters:
    ///   - flag: The flag of the other program.
    ///   - known: The flags of the command.
    /// - Returns: The flag with its value, or `nil` if the command has none of this meaning.
    static func flag(for flag: String, among known: [String]) -> String? {
        flags[flag]?.first { known.contains(String($0.prefix { $0 != " " })) }
    }
}
