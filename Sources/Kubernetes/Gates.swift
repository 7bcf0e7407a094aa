import HTTP
import PKI
import YAML

/// The three gates that stand before any work on an API server, each with its own words.
///
/// 1. The server answers at all.
/// 2. `/readyz` is ok; until then the hooks that fail are shown.
/// 3. Namespace `kube-system` exists: its controller is asynchronous, and readiness does not wait for it.
///
/// The source is the API server's health endpoints: https://kubernetes.io/docs/reference/using-api/health-checks/
extension APIClient {
    /// Waits until the API server can be worked with.
    ///
    /// - Throws: ``GateError`` with the gate that stayed shut.
    public func passGates(_ patience: Patience) async throws(GateError) {
        try await pass(.answers, patience) { () async throws(APIError) in
            _ = try await send("GET", "/version", until: patience.deadline)
        }
        try await pass(.ready, patience) { () async throws(APIError) in
            try await checkReadiness(until: patience.deadline)
        }
        try await pass(.systemNamespace, patience) { () async throws(APIError) in
            try await checkSystemNamespace(until: patience.deadline)
        }
    }

    private func pass(
        _ gate: GateError.Gate,
        _ patience: Patience,
        _ attempt: () async throws(APIError) -> Void,
    ) async throws(GateError) {
        let since = Timestamp.now()
        do {
            try await patience.persist("API server \(kubeconfig.address), gate '\(gate.rawValue)'", attempt)
        } catch {
            throw GateError(gate, of: self, since: since, cause: error)
        }
    }

    /// Asks `/readyz`, and turns its failing lines into the words of a refusal.
    private func checkReadiness(until deadline: ContinuousClock.Instant) async throws(APIError) {
        let response = try await send("GET", "/readyz", query: [("verbose", "")], until: deadline)
        guard response.status != 200 else { return }
        let status = ServerStatus(response)
        guard status.code != 401 else { throw .refused(APIError.Refusal(request: "GET /readyz", status: status)) }
        let failing = String(decoding: response.body, as: UTF8.self)
            .split(whereSeparator: \.isNewline)
            .filter { $0.hasPrefix("[-]") }
            .map { $0.prefix(200) }
        // Whoever may not read it yet may when the server has made its roles: that is part of getting ready.
        let words = failing.isEmpty ? "/readyz answers \(status.code): \(status.line)" : failing.joined(separator: ", ")
        throw .pending(words, .retry, retryAfter: status.retryAfter)
    }

    private func checkSystemNamespace(until deadline: ContinuousClock.Instant) async throws(APIError) {
        let path = "/api/v1/namespaces/kube-system"
        do {
            guard try await find(path, until: deadline) == nil else { return }
        } catch .refused(let refusal) where refusal.code == 403 {
            // Who may not read namespaces cannot check; a ready server makes this one within moments.
            return
        }
        throw .pending("it does not exist yet", .retry)
    }
}
