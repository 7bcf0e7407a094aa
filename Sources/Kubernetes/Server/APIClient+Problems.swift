import Base
import HTTP
import TLS

/// Why an API server is not usable, and what to do.
extension APIClient {
    /// The problem of a server that failed its preflight checks until time was up.
    func preflightProblem(_ error: APIError) -> Problem {
        let server = "API server \(kubeconfig.server)"
        return switch error {
        case .interrupted:
            Problem("interrupted while waiting for \(server)")
        case .transport(let cause)
        where preflightState.hasAnswered && [.timedOut, .closed, .reset].contains(cause.kind):
            // It answered before, so neither its address nor whether it runs is in question.
            Problem("\(server) is not ready", hint: Self.storageAdvice, cause: cause)
        case .transport(let cause):
            transportProblem(cause, server)
        case .refused(let refusal) where refusal.code == 401:
            Problem("\(server) does not accept \(whoami)", hint: credentialAdvice)
        case .refused(let refusal) where refusal.status.expectsTLS:
            Problem(
                "\(server) expects TLS",
                hint: "write server: https://\(kubeconfig.address) in kubeconfig '\(kubeconfig.path)', "
                    + "or https://\(kubeconfig.address) in 'cluster.servers' if a task writes it",
            )
        case .refused(let refusal) where refusal.status.location != nil:
            Problem(
                "\(server) is not an API server",
                hint: "correct the server in kubeconfig '\(kubeconfig.path)'",
                cause: error
            )
        case .refused(let refusal) where refusal.code == 504 || refusal.message.contains("etcd"):
            Problem("\(server) is not ready", hint: Self.storageAdvice, cause: error)
        case .notReady(let checks, _):
            Problem(
                "\(server) is not ready: \(checks)",
                hint: checks.contains("etcd") ? Self.storageAdvice : Self.serverAdvice,
            )
        case .pending(let words, _, _) where words.contains("etcd"):
            Problem("\(server) is not ready", hint: Self.storageAdvice, cause: error)
        case .foreign:
            Problem("\(server) cannot be used", cause: error)
        case .refused, .pending, .beingDeleted, .rival:
            Problem("\(server) is not ready", hint: Self.serverAdvice, cause: error)
        }
    }

    private static var serverAdvice: String { "look into the API server's log" }

    private static var storageAdvice: String { "look into the logs of the API server and of etcd" }

    /// An error without the server's address, for messages that name the server themselves.
    func withoutAddress(_ error: APIError) -> APIError {
        guard case .transport(var cause) = error else { return error }
        for (phrase, rest) in [
            ("cannot connect to '\(kubeconfig.address)': ", ""), (" from '\(kubeconfig.address)'", ""),
        ] {
            cause.message = cause.message.replacing(phrase, with: rest, maxReplacements: 1)
        }
        return .transport(cause)
    }

    /// The problem of a server that gives no response.
    private func transportProblem(_ cause: TransportError, _ server: String) -> Problem {
        let peer = cause.peer
        switch cause.kind {
        case .untrusted, .selfSigned:
            let issuer = peer.map { "issued by '\($0.issuer)'" } ?? "that cannot be traced to a CA"
            return Problem(
                "\(server) shows a certificate \(issuer), but kubeconfig '\(kubeconfig.path)' trusts only \(authority)",
                hint: "name the server's CA in 'certificate-authority' of the kubeconfig, "
                    + "or in 'cluster.certificateAuthority' if a task writes it",
            )
        case .hostName:
            let names = peer.map { $0.names.joined(separator: ", ") } ?? "other names"
            return Problem(
                "\(server) shows a certificate for \(names), not for '\(kubeconfig.verifiedName)'",
                hint: "use one of these names in the server's URL, or as 'tls-server-name' in kubeconfig "
                    + "'\(kubeconfig.path)'",
            )
        case .noNames:
            let subject = peer.map { " (only the subject '\($0.subject)')" } ?? ""
            return Problem(
                "\(server) shows a certificate without a subject alternative name\(subject)",
                hint: "issue the server's certificate again with subjectAltName '\(kubeconfig.verifiedName)'",
            )
        case .serverCertificateExpired, .serverCertificateNotYetValid:
            let span = peer.map { "valid from \($0.validFrom) to \($0.validUntil)" } ?? cause.message
            return Problem(
                "\(server) shows a certificate that is not valid now (\(span); the node's clock says \(Timestamp.now()))",
                hint: "renew the server's certificate, or set the node's clock",
            )
        case .resolve, .refused, .refusedByProxy, .unreachable, .timedOut, .closed, .reset, .other, .tls:
            let correction = "correct the server in kubeconfig '\(kubeconfig.path)'"
            let hint =
                cause.kind == .resolve && cause.proxy == nil
                ? "\(correction), or check that DNS or /etc/hosts resolves the host"
                : cause.advice ?? "start it, or \(correction)"
            return Problem("\(server) cannot be reached", hint: hint, cause: cause)
        case .clientCertificateRefused:
            return Problem("\(server) does not accept \(whoami)", hint: credentialAdvice, cause: cause)
        case .clientCertificate, .unreadableFile, .replyTooLarge, .redirect, .cancelled, .invalidURL:
            return Problem("\(server) cannot be used", cause: cause)
        }
    }
}
