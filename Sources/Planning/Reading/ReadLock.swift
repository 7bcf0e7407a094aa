import Base

/// The value of key `lock` of a task.
struct ReadLock {
    /// The kubeconfig that the lock names, or `nil` for `lock: cluster`.
    var kubeconfig: LocatedPath?

    private static let word = "cluster"

    private static let keys: [Key<Self>] = [
        Key("kubeconfig", \.kubeconfig, .readPath, required: "/etc/kubernetes/admin.conf")
            .meaning("the kubeconfig of the API server, if the verb has none")
    ]

    static let reader: ValueReader<Self> = {
        let mapping = ValueReader.mapping(keys, into: Self())
        return ValueReader(type: .either([.enumeration([word]), mapping.type])) { value in
            if value.node.mapping != nil { return mapping.read(value) }
            if value.node.string == word { return Self() }
            return value.mismatch("'cluster' or a mapping with a kubeconfig", hint: value.write("cluster"))
        }
    }()
}

extension ReadTask {
    /// Whether the verb changes objects of the API server as the user of a kubeconfig that must be inferred.
    var changesObjects: Bool {
        guard case .needsKubeconfig(let name, _)? = verb else { return false }
        return verbTypes.contains { $0.name == name && $0.changesObjects }
    }

    /// Whether the task connects to an API server but names no kubeconfig.
    var needsKubeconfig: Bool {
        switch verb {
        case .needsKubeconfig?: true
        case .complete(let verb)?: lock.map { $0.kubeconfig == nil && verb.footprint.kubeconfig == nil } ?? false
        case nil: false
        }
    }

    var namedKubeconfig: LocatedPath? { verb?.footprint?.kubeconfig ?? lock?.kubeconfig }

    /// Returns the text for a hint that makes the task use the kubeconfig at a path.
    func naming(kubeconfig path: String) -> String {
        if case .needsKubeconfig(let verb, _)? = verb { return "kubeconfig: \(path) below \(verb):" }
        return "lock: {kubeconfig: \(path)}"
    }

    /// Returns the lock with its own or else the given kubeconfig, or `nil` if there is no lock or no kubeconfig.
    func plannedLock(_ kubeconfig: LocatedPath?) -> ClusterLock? {
        guard let lock else { return nil }
        return (lock.kubeconfig ?? kubeconfig).map { ClusterLock(kubeconfig: $0) }
    }

    /// Reports keys that conflict with a lock.
    func checkLock(_ restart: Mapping.Entry?, _ problems: ProblemCollector) {
        guard let lock else { return }
        let name = "task \(quoted(header.name))"
        if let restart {
            problems.add(
                restart.location,
                "\(name) has 'lock' and 'restart', but units are restarted when the lock is released",
                hint: "remove restart:, and restart the units in the program of an 'exec' task with lock: cluster"
            )
        }
        guard let path = lock.kubeconfig, let verb else { return }
        var hasOwn = verb.footprint?.kubeconfig != nil
        if case .needsKubeconfig = verb { hasOwn = true }
        guard hasOwn else { return }
        problems.add(
            path.location,
            "the lock of \(name) uses the kubeconfig of '\(verb.name)', and names another one",
            hint: "write lock: cluster, and kubeconfig: \(typed(path.path)) below \(verb.name):"
        )
    }
}
