public import Base
import HTTP

/// The checks that an API server must pass before it is used.
///
/// 1. The server answers.
/// 2. `/readyz` returns status 200. Until then, the failing checks are reported.
/// 3. Namespace `kube-system` exists. A controller creates it asynchronously, and `/readyz` does not wait for it.
///
/// The health endpoints are described at https://kubernetes.io/docs/reference/using-api/health-checks/.
extension APIClient {
    /// The time limit of one check, short enough to report an unresponsive etcd during the wait.
    private static let checkLimit = Duration.seconds(5)

    /// Repeats the checks until the server passes all of them.
    ///
    /// Checks that passed are not repeated for 30 seconds, unless a request gets no response or the status 503 or 504.
    public func waitUntilUsable(_ retryPolicy: RetryPolicy) async throws(Problem) {
        do throws(APIError) {
            try await retryPolicy.retry(.init(.server, "API server \(kubeconfig.address)")) {
                () async throws(APIError) in
                guard !preflightState.isPassed else { return }
                do throws(APIError) {
                    try await checkReadiness(until: min(retryPolicy.deadline, .now + Self.checkLimit))
                    try await checkSystemNamespace(until: min(retryPolicy.deadline, .now + Self.checkLimit))
                    preflightState.pass()
                } catch {
                    throw withoutAddress(error)
                }
            }
        } catch {
            throw preflightProblem(error)
        }
    }

    /// Requests `/readyz`, and throws an error that names the failing checks if the server lists them.
    private func checkReadiness(until deadline: ContinuousClock.Instant) async throws(APIError) {
        let response = try await send("GET", "/readyz", query: [("verbose", "")], until: deadline)
        guard response.status != 200 else {
            guard response.isPage else { return }
            let advice = ForeignReply.advice(from: response.senders)
            throw .pending("/readyz: '\(kubeconfig.address)' answers with an HTML page; \(advice)", .retry)
        }
        let status = ServerStatus(response)
        guard status.code != 401, !status.expectsTLS else {
            throw .refused(APIError.Refusal(request: "GET /readyz", status: status))
        }
        // The user may lack the permission to read `/readyz` until the starting server has created its roles.
        guard let checks = Self.failedChecks(response.body) else {
            throw .pending("/readyz: answers \(status.code): \(status.line)", .retry, retryAfter: status.retryAfter)
        }
        throw .notReady(checks: checks, retryAfter: status.retryAfter)
    }

    /// Describes the failing checks in a response of `/readyz`, etcd checks first; returns `nil` if no check fails.
    ///
    /// A failing check has a line such as `[-]etcd failed: reason withheld`.
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

    private func checkSystemNamespace(until deadline: ContinuousClock.Instant) async throws(APIError) {
        do {
            let path = "/api/v1/namespaces/kube-system"
            let type = GroupVersionKind(group: "", version: "v1", kind: "Namespace")
            let identity = ObjectIdentity(type: type, namespace: nil, name: "kube-system")
            let found = try await find(path, as: identity, isUrgent: true, until: deadline)
            guard found == nil else { return }
        } catch .refused(let refusal) where refusal.code == 403 {
            // If the user may not read the namespace, it is assumed to exist: a ready server soon creates it.
            return
        }
        throw .notReady(checks: "namespace kube-system does not exist yet")
    }

    /// The minor version of the oldest supported Kubernetes release.
    private static let oldestMinorVersion = 29

    /// Returns a warning if the server is too old, or `nil` if the server is supported or its version is unknown.
    public func ageWarning(until deadline: ContinuousClock.Instant) async -> String? {
        let found = try? await object("GET", "/version", until: deadline).node["gitVersion"]?.string
        guard let found, let minor = found.wholeMatch(of: /v1\.([0-9]+)\..*/).flatMap({ Int($0.1) }),
            minor < Self.oldestMinorVersion
        else { return nil }
        return
            "API server \(kubeconfig.address) is \(found): Kubernetes 1.\(Self.oldestMinorVersion) and later is supported"
    }
}

/// The latest results of the preflight checks and of other requests to an API server.
final class PreflightState: Sendable {
    private struct State {
        var passedAt: ContinuousClock.Instant?
        var hasAnswered = false
        var lastStatus = 0
    }

    private let state = Locked(State())

    private static let validity = Duration.seconds(30)

    /// Whether the checks passed within ``validity``, and no later request requires them to be repeated.
    var isPassed: Bool { state.withLock { $0.passedAt.map { .now < $0 + Self.validity } ?? false } }

    var hasAnswered: Bool { state.withLock { $0.hasAnswered } }

    /// The status of the last response to any request, 0 before the first response.
    var lastStatus: Int { state.withLock { $0.lastStatus } }

    func pass() {
        state.withLock { $0.passedAt = .now }
    }

    /// Records a response; if its status is 503 or 504, the checks must be repeated.
    func record(_ response: HTTPResponse) {
        state.withLock {
            ($0.hasAnswered, $0.lastStatus) = (true, response.status)
            if [503, 504].contains(response.status) { $0.passedAt = nil }
        }
    }

    /// Records that a request had no response, so the checks must be repeated.
    func recordFailure() {
        state.withLock { $0.passedAt = nil }
    }
}
