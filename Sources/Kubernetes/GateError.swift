import HTTP
import PKI

/// A gate of the API server that stayed shut.
public struct GateError: Error, Sendable, CustomStringConvertible {
    /// One of the three gates.
    public enum Gate: String, Sendable {
        /// Something answers HTTP at the address.
        case answers = "server answers"
        /// `/readyz` is ok.
        case ready = "server is ready"
        /// Namespace `kube-system` exists.
        case systemNamespace = "namespace kube-system exists"
    }

    /// The gate.
    public var gate: Gate

    /// What is wrong, with the server and whatever setting it depends on.
    public var message: String

    /// What to do about it.
    public var hint: String?

    /// The message and what to do.
    public var description: String {
        hint.map { "\(message); \($0)" } ?? message
    }

    init(_ gate: Gate, of client: APIClient, since: Timestamp, cause: APIError) {
        self.gate = gate
        let server = "API server \(client.kubeconfig.server)"
        switch cause {
        case .interrupted:
            message = "interrupted while waiting for \(server)"
        case .transport(let error):
            (message, hint) = Self.explain(error, server, client, since)
        case .refused(let refusal) where refusal.code == 401:
            message = "\(server) does not accept \(client.whoami)"
            hint = client.credentialAdvice
        case .refused, .pending, .unreadable:
            message = "\(server), gate '\(gate.rawValue)': \(cause.words); waited since \(since)"
            hint = "look into the API server's log"
        }
    }

    /// The words for a server that cannot be talked to.
    private static func explain(
        _ error: TransportError,
        _ server: String,
        _ client: APIClient,
        _ since: Timestamp,
    ) -> (String, String?) {
        let peer = error.peer
        switch error.kind {
        case .untrusted, .selfSigned:
            let issuer = peer.map { "issued by '\($0.issuer)'" } ?? "that cannot be traced to a CA"
            return (
                "\(server) shows a certificate \(issuer), but kubeconfig '\(client.kubeconfig.path)' trusts only "
                    + client.authority,
                "name the server's CA in 'certificate-authority' of the kubeconfig, "
                    + "or in 'cluster.certificateAuthority' if a task writes it",
            )
        case .hostName:
            let names = peer.map { $0.names.joined(separator: ", ") } ?? "other names"
            return (
                "\(server) shows a certificate for \(names), not for '\(client.kubeconfig.verifiedName)'",
                "use one of these names in the server's URL, or as 'tls-server-name' in kubeconfig "
                    + "'\(client.kubeconfig.path)'",
            )
        case .serverCertificateExpired, .serverCertificateNotYetValid:
            let span = peer.map { "valid from \($0.validFrom) to \($0.validUntil)" }
            return (
                "\(server) shows a certificate that is not valid now (\(span ?? error.message)); "
                    + "the node's clock says \(Timestamp.now())",
                "renew the server's certificate, or set the clock",
            )
        case .resolve, .refused, .unreachable, .timedOut, .closed, .reset, .other, .tls:
            return (
                "\(server) did not answer since \(since), until \(Timestamp.now()): \(error.message)",
                "start it, or correct the server in kubeconfig '\(client.kubeconfig.path)'",
            )
        case .clientCertificateRefused:
            return (
                "\(server) does not accept \(client.whoami): \(error.message)",
                client.credentialAdvice,
            )
        case .clientCertificate, .unreadableFile, .replyTooLarge, .redirect, .cancelled, .invalidURL:
            return ("\(server): \(error.message)", nil)
        }
    }
}
