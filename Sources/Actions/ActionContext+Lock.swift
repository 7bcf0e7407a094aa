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
        var end = await perform(work, renewing: held, lease)
        if let process = survivor.process {
            let words = "not released, because process \(process) of the task still runs"
            let limit = lease.duration.text
            emit(.warning(subject: lease.description, "\(words); it expires within \(limit): end the process before"))
        } else {
            switch await lease.release(held) {
            case .released: break
            case .lost(let loss): end.loss = end.loss ?? loss
            case .failed(let problem): emit(.warning(subject: lease.description, problem))
            }
        }
        if let loss = end.loss { try report(loss, of: lease, end) }
        return try end.result.get()
    }

    /// Reports that the Lease was lost: as the error of the task if that has ended the work, else as a warning.
    ///
    /// - Throws: ``Base/Problem`` if the loss has ended the work.
    private func report(_ loss: ClusterLease.Loss, of lease: ClusterLease, _ end: LockedWork) throws(Problem) {
        if case .failure = end.result, end.isLossFirst {
            throw Problem("\(lease.description) was lost (\(loss.reason)), so the task was ended", hint: loss.hint)
        }
        let words = "lost while the task ran (\(loss.reason)); another node may have run it at the same time"
        emit(.warning(subject: lease.description, [words, loss.hint].compactMap(\.self).joined(separator: "; ")))
    }

    /// Performs work until it ends or the Lease is lost.
    private func perform(
        _ work: @escaping @Sendable () async throws -> Bool,
        renewing held: ClusterLease.Held,
        _ lease: ClusterLease,
    ) async -> LockedWork {
        // Declared outside the group for the reason given in `Rollout.pause`.
        var end = LockedWork()
        await withTaskGroup(of: Ending.self) { group in
            group.addTask {
                do {
                    return .work(.success(try await work()))
                } catch {
                    return .work(.failure(error))
                }
            }
            group.addTask { .renewal(await lease.renew(held)) }
            var isFirst = true
            for await ending in group {
                switch ending {
                case .work(let result): end.result = result
                case .renewal(let loss): (end.loss, end.isLossFirst) = (loss, isFirst)
                }
                isFirst = false
                group.cancelAll()
            }
        }
        return end
    }
}

/// How work ended during which a Lease was held.
private struct LockedWork {
    var result: Result<Bool, any Error> = .failure(CancellationError())
    /// Why the Lease was lost, `nil` if it was not.
    var loss: ClusterLease.Loss?
    /// Whether the loss came before the end of the work, which was then cancelled.
    var isLossFirst = false
}

/// What ends while a Lease is held: the work, or the renewal of the Lease.
private enum Ending: Sendable {
    case work(Result<Bool, any Error>)
    case renewal(ClusterLease.Loss?)
}
