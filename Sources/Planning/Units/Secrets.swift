/// What not every unit of a plan should see, and which of its tasks names which of it.
///
/// Secret is the directory of every client key, every kubeconfig, and every file that is written for its owner alone, with
/// what it is copied from; and on every machine what ``everywhere`` has.
struct Secrets {
    /// The files, each once, in the order of the plan.
    private var files: [String] = []
    /// The directories of client keys, each once, in the order of the plan; a file in one of them may be there as well.
    private var directories: [String] = []
    /// The files to which each kubeconfig refers that a task of the plan writes.
    private var references: [String: [String]] = [:]
    private var known: Set<String> = []

    /// What every machine has and no task needs unless it says so.
    ///
    /// Besides passwords and keys these are the sockets by which others could be told to do what the own unit may not. The
    /// drop-in of all units hides them too.
    static let everywhere = ofNoTask + credentialDirectories

    /// What of that tasks have nothing to do with.
    static let ofNoTask = [
        "/etc/gshadow", "/etc/gshadow-", "/etc/shadow", "/etc/shadow-", "/etc/ssh", "/run/containerd/containerd.sock",
        "/run/cri-dockerd.sock", "/run/crio/crio.sock", "/run/dbus", "/run/docker.sock", "/run/initctl",
        "/run/k3s/containerd/containerd.sock", "/run/podman/podman.sock", "/run/systemd/io.system.ManagedOOM",
        "/run/systemd/private", "/run/udev/control",
    ]

    /// Where Kubernetes keeps keys.
    private static let credentialDirectories = [
        "/etc/kubernetes/admin.conf", "/etc/kubernetes/pki", "/etc/kubernetes/super-admin.conf", "/var/lib/kubelet/pki",
    ]

    /// What the agent itself needs in every unit, besides its task files.
    private static let essential = [
        "/etc/ca-certificates", "/etc/pki/tls", "/etc/ssl", "/run/nest-bootstrap", "/usr", "/var/lib/nest-bootstrap",
    ]

    /// The paths that every task reads: the task files, as they are named and where they really are.
    private let taskFiles: [String]

    /// Finds the secrets of a plan.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - taskFiles: The paths that every task reads.
    init(_ plan: Plan, taskFiles: [String]) {
        self.taskFiles = taskFiles.map(located)
        let open = Self.essential + self.taskFiles
        for step in plan.steps {
            let verb = step.task.verb
            switch verb {
            case .kubeconfig(let declaration):
                let path = located(declaration.path.path)
                references[path] = verb.namedPaths.map(located)
                let directory = located(parent(of: declaration.key.path))
                // Directories such as /etc and /run hold more than keys, and others what everybody needs.
                let isOpen = open.contains { isPath($0, at: directory) || isPath(directory, at: $0) }
                if directory.dropFirst().contains("/"), !isOpen, !Self.everywhere.contains(directory),
                    known.insert(directory).inserted
                {
                    directories.append(directory)
                }
                add([declaration.key.path, path])
            case .file(let declaration) where declaration.mode & 0o077 == 0:
                add([declaration.path.path] + verb.namedPaths)
            case .symlink, .file, .apply, .wait, .exec: break
            }
            if let kubeconfig = verb.usedKubeconfig { add([kubeconfig.path]) }
        }
    }

    private mutating func add(_ paths: [String]) {
        files += paths.map(located).filter { known.insert($0).inserted }
    }

    /// The paths that a task reads, also by way of the kubeconfig that another task writes.
    func paths(readBy verb: Verb) -> [String] {
        let named = verb.namedPaths.map(located)
        return named + named.flatMap { references[$0] ?? [] } + taskFiles
    }

    /// What a task's unit hides.
    struct Hidden {
        /// What the drop-in of all units does not know of.
        var own: [String]
        /// What the task needs of that which the drop-in of all units hides.
        var isNeeded: [String]
    }

    /// Finds what of the secrets a task does not name.
    func hidden(from verb: Verb) -> Hidden {
        var named = paths(readBy: verb) + (verb.writtenPath.map { [located($0.path)] } ?? [])
        let all = files + directories + Self.everywhere
        // What a script is to write in a directory may be a file that others hide.
        var rewritten: [String] = []
        if case .exec(let declaration) = verb {
            let texts = declaration.texts
            named += all.filter { secret in texts.contains { $0.contains(secret) } }
            named += named.flatMap { references[$0] ?? [] }
            rewritten = declaration.needs.writes.map { located($0.path) }
        }
        if case .wait(let declaration) = verb, case .unit = declaration.condition { named.append("/run/dbus") }

        // Who writes a directory does not read all that is in it.
        let written = verb.writablePaths
        let isNamed = { (secret: String) in
            named.contains { isPath($0, at: secret) || isPath(secret, at: $0) }
                || written.contains { isPath($0, at: secret) }
        }
        let isNeeded = Self.everywhere.filter(isNamed)
        if let kubeconfig = verb.usedKubeconfig, references[located(kubeconfig.path)] == nil {
            // It was made elsewhere, and nobody knows to which files it refers.
            let isUnknown = { (path: String) in Self.credentialDirectories.contains(path) }
            return Hidden(own: [], isNeeded: Self.everywhere.filter { isNeeded.contains($0) || isUnknown($0) })
        }
        let hiddenDirectories = directories.filter { !isNamed($0) }
        let covered = hiddenDirectories + Self.everywhere.filter { !isNeeded.contains($0) }
        let hiddenFiles = files.lazy.filter { file in
            !(named + rewritten).contains { isPath(file, at: $0) } && !covered.contains { isPath(file, at: $0) }
        }
        return Hidden(own: hiddenDirectories + hiddenFiles.prefix(Limit.hiddenCount), isNeeded: isNeeded)
    }
}

extension ExecDeclaration {
    /// Where a script's author may name a path: its command line, its environment, its preparation.
    fileprivate var texts: [String] {
        arguments + environment.values + (preStart.map { [$0] } ?? [])
    }
}
