public import Base
import HTTP
import YAML

/// The checks that an API server must pass before it is used.
///
/// 1. The server answers.
/// 2. `/readyz` is ok; until then the failing checks are reported.
/// 3. Namespace `kube-system` exists: a controller creates it asynchronously, and `/readyz` does not wait for it.
///
/// The health endpoints are described at https://kubernetes.io/docs/reference/using-api/health-checks/.
struct Preflight {
    let client: APIClient
    let retryPolicy: RetryPolicy

    /// The time limit of one check, short enough to report a server with a hanging etcd during the wait.
    private static let requestLimit = Duration.seconds(5)

    /// The pause between checks of a server that is starting on this machine, short because the cluster waits for the
    /// agent.
    private static let localPause = Duration.milliseconds(40)

    /// Repeats the checks until the server passes all of them.
    ///
    /// - Throws: ``Base/Problem`` with the check that failed last.
    func run() async throws(Problem) {
        do throws(APIError) {
            try await retryPolicy.retry(
                .init(.server, "API server \(client.kubeconfig.address)"),
                Backoff { [state = client.preflightState] in state.isStartingOnThisMachine ? Self.localPause : nil },
                pausing: pause,
            ) { () async throws(APIError) in
                guard !client.preflightState.isPassed else { return }
                try await client.preflightRequests.answer(for: "") { () async throws(APIError) in
                    // Another task's checks may have passed since.
                    guard !client.preflightState.isPassed else { return }
                    do throws(APIError) {
                        try await checkReadiness()
                        try await checkSystemNamespace()
                        client.preflightState.pass()
                    } catch {
                        throw client.withoutAddress(error)
                    }
                }
            }
        } catch {
            throw client.preflightProblem(error)
        }
    }

    /// Waits between checks.
    ///
    /// Tasks that wait for a server that is starting on this machine share the pause and the check.
    private func pause(_ duration: Duration) async -> Bool {
        guard client.preflightState.isStartingOnThisMachine, duration < Self.localPause * 2 else {
            return await sleep(duration)
        }
        try? await client.preflightRequests.answer(for: "pause") { () async throws(APIError) in
            guard await sleep(duration) else { throw .interrupted }
        }
        return !Task.isCancelled
    }

    private var requestDeadline: ContinuousClock.Instant {
        min(retryPolicy.deadline, .now + Self.requestLimit)
    }

    /// Requests `/readyz`, and reports the number of failing checks and up to four of them.
    private func checkReadiness() async throws(APIError) {
        let response = try await client.send("GET", "/readyz", query: [("verbose", "")], until: requestDeadline)
        guard response.status != 200 else {
            guard response.isPage else { return }
            let advice = ForeignReply.advice(from: response.senders)
            throw .pending("/readyz: '\(client.kubeconfig.address)' answers with an HTML page; \(advice)", .retry)
        }
        let status = ServerStatus(response)
        guard status.code != 401 else { throw .refused(APIError.Refusal(request: "GET /readyz", status: status)) }
        if status.expectsTLS { throw .refused(APIError.Refusal(request: "GET /readyz", status: status)) }
        // A user without permission to read `/readyz` may gain it once the starting server has created its roles.
        guard let checks = Self.failedChecks(response.body) else {
            throw .pending("/readyz: answers \(status.code): \(status.line)", .retry, retryAfter: status.retryAfter)
        }
        throw .notReady(checks: checks, retryAfter: status.retryAfter)
    }

    /// Returns the failing checks in an answer of `/readyz`, whose lines look like `[-]etcd failed: reason withheld`.
    ///
    /// - Parameter body: The answer.
    /// - Returns: The number of failing checks, and up to four of them, checks of etcd first; `nil` if no check fails.
    private static func failedChecks(_ body: [UInt8]) -> String? {
        let checks = String(decoding: body, as: UTF8.self).split(whereSeparator: \.isNewline)
            .filter { $0.hasPrefix("[-]") }
            .map { line in
                let name = line.dropFirst(3).prefix { $0 != " " }
                let reason = line.firstRange(of: " failed: ").map { line[$0.upperBound...].prefix(200) }
                return reason.flatMap { $0 == "reason withheld" ? nil : "\(name) (\($0))" } ?? String(name)
            }
        guard let first = checks.first else { return nil }
        if checks.count == 1 { return "check \(first) of /readyz has failed" }
        let sorted = checks.filter { $0.hasPrefix("etcd") } + checks.filter { !$0.hasPrefix("etcd") }
        return "\(checks.count) checks of /readyz have failed: \(shortList(sorted))"
    }

    private func checkSystemNamespace() async throws(APIError) {
        do {
            let path = "/api/v1/namespaces/kube-system"
            let type = GroupVersionKind(group: "", version: "v1", kind: "Namespace")
            let identity = ObjectIdentity(type: type, namespace: nil, name: "kube-system")
            let found = try await client.find(path, as: identity, isPaced: false, until: requestDeadline)
            guard found == nil else { return }
        } catch .refused(let refusal) where refusal.code == 403 {
            // Without permission to read namespaces, the check counts as passed: a ready server creates this namespace
            // within moments.
            return
        }
        throw .pending("namespace kube-system does not exist yet", .retry)
    }
}

extension APIClient {
    /// Waits until the API server is usable; see `Preflight`.
    ///
    /// Tasks that wait at the same time share each check. Checks that have passed are not repeated within 30 seconds
    /// unless a request has failed since then.
    ///
    /// - Throws: ``Base/Problem`` with the check that failed, why, and what to do.
    public func waitUntilUsable(_ retryPolicy: RetryPolicy) async throws(Problem) {
        try await Preflight(client: self, retryPolicy: retryPolicy).run()
    }
}

/// The results of earlier preflight checks of an API server.
final class PreflightState: Sendable {
    private struct State {
        var passedAt: ContinuousClock.Instant?
        var hasAnswered = false
        /// The instant at which an API server on this machine began to answer.
        var localSince: ContinuousClock.Instant?
        var lastStatus = 0
    }

    private let state = Locked(State())

    /// The time for which passed checks are not repeated.
    private static let validity = Duration.seconds(30)

    /// Whether the checks passed recently and no request has failed since then.
    var isPassed: Bool {
        state.withLock { $0.passedAt.map { ContinuousClock.now < $0 + Self.validity } ?? false }
    }

    /// Whether the server has ever answered.
    var hasAnswered: Bool { state.withLock { $0.hasAnswered } }

    /// The status of the last response, 0 if there was none.
    var lastStatus: Int { state.withLock { $0.lastStatus } }

    /// Records that all checks passed.
    func pass() {
        state.withLock { $0.passedAt = .now }
    }

    /// The time after a server's first answer during which it counts as starting, about twice the duration of a start.
    private static let startLimit = Duration.seconds(3)

    /// Whether the answers show that a server on this machine, or behind a load balancer on this machine, is starting.
    var isStartingOnThisMachine: Bool {
        state.withLock { state in
            guard let since = state.localSince, ![401, 403, 429].contains(state.lastStatus) else { return false }
            return .now < since + Self.startLimit
        }
    }

    /// Records a response; status 503 or 504 makes the next task repeat the checks.
    func record(_ response: HTTPResponse) {
        state.withLock {
            $0.hasAnswered = true
            $0.lastStatus = response.status
            // A load balancer without a server answers with an HTML page.
            let isLocal = response.isFromThisMachine && response.foreignRefusal(of: nil) == nil
            $0.localSince = isLocal ? $0.localSince ?? .now : nil
            if [503, 504].contains(response.status) { $0.passedAt = nil }
        }
    }

    /// Records that there was no response.
    func recordFailure() {
        state.withLock { ($0.passedAt, $0.localSince) = (nil, nil) }
    }
}
