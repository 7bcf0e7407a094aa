import Base
import Execution
import Kubernetes
import Planning

extension ActionContext {
    /// Performs the work of the task while this node holds the Lease of the task, if it has one.
    ///
    /// If the Lease cannot be renewed, the work is cancelled as at its deadline. A dry run needs no Lease.
    ///
    /// - Parameter work: Performs the task.
    /// - Returns: Whether anything changed.
    /// - Throws: ``Base/Problem`` about the Lease, or what the work throws.
    func locked(_ work: @escaping @Sendable () async throws -> Bool) async throws -> Bool {
        guard let lock = task.lock, !run.files.isDryRun else { return try await work() }
        let client = try await run.connections.client(kubeconfig: lock.kubeconfig.path, self)
        let (namespace, name) = (ClusterLock.namespace, ClusterLock.leaseName(ofTask: task.name))
        let identity = "\(run.hostName)_\(String(UInt64.random(in: .min ... .max), radix: 16))"
        let lease = ClusterLease(
            client,
            namespace: namespace,
            name: name,
            identity: identity,
            task: task.name,
            location: task.location,
        )
        let holder = { (identity: String, since: Timestamp?, isSelf: Bool) in
            LeaseHolder(lease: "\(namespace)/\(name)", identity: identity, since: since, isSelf: isSelf)
        }
        var last: ClusterLease.Holder?
        let held = try await lease.acquire(retryPolicy) { other in
            if other != last { emit(.lease(holder(other.identity, other.since, false))) }
            last = other
        }
        emit(.lease(holder(identity, held.since, true)))
        let (result, loss) = await perform(work, keeping: held, lease)
        if let problem = await lease.giveBack(held) {
            emit(.warning(subject: lease.description, problem))
        }
        if case .failure = result, let loss { throw loss }
        return try result.get()
    }

    /// Performs work until it ends or the Lease is lost.
    private func perform(
        _ work: @escaping @Sendable () async throws -> Bool,
        keeping held: ClusterLease.Held,
        _ lease: ClusterLease,
    ) async -> (Result<Bool, any Error>, Problem?) {
        // Declared outside the group for the reason given in `Rollout.pause`.
        var result: Result<Bool, any Error> = .failure(CancellationError())
        var loss: Problem?
        await withTaskGroup(of: First.self) { group in
            group.addTask {
                do {
                    return .ended(.success(try await work()))
                } catch {
                    return .ended(.failure(error))
                }
            }
            group.addTask { .notKept(await lease.keep(held)) }
            for await first in group {
                switch first {
                case .ended(let end): result = end
                case .notKept(let problem): loss = problem
                }
                group.cancelAll()
            }
        }
        return (result, loss)
    }
}

/// What can happen first while a Lease is held.
private enum First: Sendable {
    case ended(Result<Bool, any Error>)
    case notKept(Problem?)
}
