import Base
import HTTP

/// Explanations of why an API server is not usable.
extension APIClient {
    /// Explains why the server cannot be used, from the error of a request or of the preflight checks.
    func preflightProblem(_ error: APIError) -> Problem {
        let server = "API server \(kubeconfig.server)"
        let foreign = Problem(
            "\(server) is not an API server",
            hint: "check \(kubeconfig.serverSetting)",
            cause: error
        )
        switch error {
        case .interrupted: return Problem("interrupted while waiting for \(server)")
        case .transport(let cause): return transportProblem(cause, server)
        case .refused(let refusal) where refusal.code == 401:
            return Problem(credentialRefusal(by: server), hint: credentials.advice)
        case .refused(let refusal) where refusal.status.expectsTLS: return foreign
        case .notReady(let checks, _): return Problem("\(server) is not ready: \(checks)")
        case .foreign: return Problem("\(server) cannot be used", cause: error)
        // Every API server since Kubernetes 1.16 has /readyz.
        case .pending where isForeignStatus: return foreign
        case .pending, .refused, .beingDeleted:
            return Problem("\(server) is not ready", cause: error)
        }
    }

    /// Whether the last response has a status with which no API server answers `/readyz`.
    private var isForeignStatus: Bool {
        let status = preflightState.lastStatus
        return (300..<400).contains(status) || [404, 405, 410].contains(status)
    }

    /// Returns the message that a server does not accept the user, with the probable reason if it is known.
    func credentialRefusal(by server: String) -> String {
        "\(server) does not accept \(credentials.whoami)" + (credentials.doubt.map { ": \($0.message)" } ?? "")
    }

    /// Removes the server's address from the most common transport errors, because the caller's message contains it.
    func withoutAddress(_ error: APIError) -> APIError {
        guard case .transport(var cause) = error else { return error }
        for phrase in ["cannot connect to '\(kubeconfig.address)': ", " from '\(kubeconfig.address)'"] {
            cause.message = cause.message.replacing(phrase, with: "", maxReplacements: 1)
        }
        return .transport(cause)
    }

    /// Explains why a request got no response from the server.
    private func transportProblem(_ cause: TransportError, _ server: String) -> Problem {
        let setting = "check \(kubeconfig.serverSetting)"
        switch cause.kind {
        case .untrusted, .hostName, .serverCertificateExpired, .serverCertificateNotYetValid:
            return certificateProblem(cause, server)
        case .timedOut where preflightState.hasAnswered, .closed where preflightState.hasAnswered:
            // The address is correct, because the server has answered before.
            return Problem("\(server) is not ready", cause: cause)
        case .refused:
            return Problem(
                "\(server) cannot be reached",
                hint: "start it, or \(setting)",
                cause: cause
            )
        case .resolve, .unreachable, .timedOut, .closed, .other:
            return Problem("\(server) cannot be reached", hint: setting, cause: cause)
        case .tls: return Problem("\(server) is not an API server", hint: setting, cause: cause)
        case .clientCertificateRefused:
            return Problem(credentialRefusal(by: server), hint: credentials.advice, cause: cause)
        case .invalidRequest, .replyTooLarge, .redirect, .cancelled:
            return Problem("\(server) cannot be used", cause: cause)
        }
    }

    /// Explains why the server's certificate was refused.
    private func certificateProblem(_ cause: TransportError, _ server: String) -> Problem {
        let now = Timestamp.now()
        let distrust = Problem("\(server) cannot be trusted", cause: cause)
        guard let peer = cause.peer else { return distrust }
        if peer.validUntil < now || now < peer.validFrom {
            return Problem(
                "\(server) shows a certificate that is not valid now (valid from \(peer.validFrom) to \(peer.validUntil); "
                    + "the node's clock says \(now))",
                hint: "renew the server's certificate, or set the node's clock",
            )
        }
        if cause.kind == .hostName {
            let names = peer.names.isEmpty ? "no name" : peer.names.joined(separator: ", ")
            let message = "\(server) shows a certificate for \(names), not for '\(kubeconfig.verifiedName)'"
            return Problem(message, hint: "check \(kubeconfig.serverSetting)")
        }
        let authorities = credentials.authorities
        let isNamesake = peer.isIssuedByNamesake(of: authorities)
        // If a trusted CA issued the certificate, it was refused for another reason, which the cause names.
        guard cause.kind == .untrusted, isNamesake || !authorities.contains(where: { $0.subject == peer.issuer }) else {
            return distrust
        }
        return Problem(
            "\(server) shows a certificate issued by '\(peer.issuer)', but kubeconfig '\(kubeconfig.path)' trusts only "
                + credentials.authority + (isNamesake ? ", which has another key" : ""),
            hint: authorities.isEmpty
                ? "name the server's CA in 'certificate-authority'"
                : "put the certificate of the server's CA there, or check \(kubeconfig.serverSetting)",
        )
    }
}
