public import Base
import YAML

/// A Lease that one process of the cluster holds at a time.
///
/// The protocol is that of the leader election of Kubernetes' own components: every change names the version that it
/// changes, so that of two at the same time the server refuses one.
/// See https://kubernetes.io/docs/concepts/architecture/leases/.
public struct ClusterLease: Sendable {
    /// A holder that others wait for.
    public struct Holder: Sendable, Hashable {
        public var identity: String
        /// Since when it holds the Lease, by its own clock.
        public var since: Timestamp?
    }

    /// A Lease that this process holds.
    public struct Held: Sendable {
        /// When it was taken, by this machine's clock.
        public let since: Timestamp?
        let state: LeaseState
        let takenAt: ContinuousClock.Instant
    }

    /// The Lease in messages.
    public var description: String { subject.description }

    let client: APIClient
    let subject: ObjectIdentity
    let identity: String
    let task: String
    let location: SourceLocation
    let timing: LeaseTiming

    static let kind = GroupVersionKind(group: "coordination.k8s.io", version: "v1", kind: "Lease")

    /// Prepares a Lease.
    ///
    /// - Parameters:
    ///   - client: The API server.
    ///   - namespace: The namespace of the Lease.
    ///   - name: Its name.
    ///   - identity: What this process is as its holder; no other process may have the same.
    ///   - task: The task that needs it.
    ///   - location: Where the task says so.
    public init(
        _ client: APIClient,
        namespace: String,
        name: String,
        identity: String,
        task: String,
        location: SourceLocation,
    ) {
        let subject = ObjectIdentity(type: Self.kind, namespace: namespace, name: name)
        self.init(client, subject, identity, task, location, LeaseTiming())
    }

    init(
        _ client: APIClient,
        _ subject: ObjectIdentity,
        _ identity: String,
        _ task: String,
        _ location: SourceLocation,
        _ timing: LeaseTiming,
    ) {
        (self.client, self.subject, self.identity) = (client, subject, identity)
        (self.task, self.location, self.timing) = (task, location, timing)
    }

    var collection: String {
        "\(Self.kind.path)/namespaces/\(APIClient.percentEncoded(subject.namespace ?? ""))/leases"
    }

    private var path: String { "\(collection)/\(APIClient.percentEncoded(subject.name))" }

    /// Reads the Lease, `nil` if there is none.
    func read(until deadline: ContinuousClock.Instant) async throws(APIError) -> LeaseState? {
        try await client.find(path, as: subject, isPaced: false, until: deadline).map { LeaseState($0) }
    }

    /// Creates the Lease for this process.
    func create(until deadline: ContinuousClock.Instant) async throws(APIError) -> LeaseState {
        try await write("POST", collection, LeaseState.new(subject, identity, timing), deadline)
    }

    /// Changes a state that was read.
    func change(
        _ state: LeaseState,
        _ change: LeaseState.Change,
        until deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> LeaseState {
        try await write("PUT", path, state.changed(change), deadline)
    }

    private func write(
        _ method: String,
        _ path: String,
        _ body: Node,
        _ deadline: ContinuousClock.Instant,
    ) async throws(APIError) -> LeaseState {
        let (object, response) = try await client.object(
            method,
            path,
            query: [("fieldManager", ManagedMetadata.manager)],
            body: body.json(),
            contentType: "application/json",
            as: ExpectedObject(subject, isStored: true),
            isPaced: false,
            until: deadline,
        )
        // Who believed another reply would hold a Lease that somebody else has.
        let holder = body["spec"]?["holderIdentity"]?.string ?? ""
        let fields = [("spec.holderIdentity", holder, object["spec"]?["holderIdentity"])]
        if let difference = ForeignReply.Content.difference(fields) {
            throw .foreign(ForeignReply(response, difference, method, client.kubeconfig.address))
        }
        return LeaseState(object)
    }

    /// The longest time that other nodes wait for a Lease which is neither renewed nor released.
    public var duration: Duration { timing.duration }

    /// How a release ended.
    public enum Release: Sendable {
        /// Others may take the Lease at once.
        case released
        /// It was lost before, unnoticed since its last renewal.
        case lost(Loss)
        /// It could not be released within five seconds: why, and what follows.
        case failed(String)
    }

    /// Releases a Lease, so that others need not wait until it expires.
    ///
    /// - Parameter held: The Lease.
    /// - Returns: How that ended.
    public func release(_ held: consuming Held) async -> Release {
        do throws(APIError) {
            return try await release().map { .lost($0) } ?? .released
        } catch {
            let limit = timing.duration.text
            return .failed("was not released (\(error.words)); other nodes wait until it expires, at most \(limit)")
        }
    }

    /// Releases the Lease, also if the surrounding Swift task is cancelled.
    ///
    /// - Returns: Why this process had lost it already, `nil` if it had not.
    func release() async throws(APIError) -> Loss? {
        let policy = RetryPolicy(deadline: .now + timing.requestLimit)
        let result = await Task { () -> Result<Loss?, APIError> in
            // A request without a response may have released it, and others may have taken it since.
            var mayBeReleased = false
            do throws(APIError) {
                let found = try await policy.retry(.init(.lock, subject.description)) {
                    () async throws(APIError) -> Loss? in
                    let state = try await read(until: policy.deadline)
                    guard let state, state.holder == identity else { return mayBeReleased ? nil : self.loss(to: state) }
                    do throws(APIError) {
                        _ = try await change(state, .release, until: policy.deadline)
                    } catch {
                        mayBeReleased = mayBeReleased || error.mayHaveSucceeded
                        throw error
                    }
                    return nil
                }
                return .success(found)
            } catch {
                return .failure(error)
            }
        }.value
        return try result.get()
    }
}
