/// An HTTPS server of HTTP/1.1 that gives every request the same answer, as an admission webhook of a test.
///
/// `openssl s_server` ends TLS, prints what it receives and sends what it is given.
public final class WebhookServer: Sendable {
    /// The URL of the server by its address.
    public let url: String

    private let process: ChildProcess

    /// Starts a server.
    ///
    /// - Parameters:
    ///   - certificate: What the server shows.
    ///   - status: The status of its answers, such as `200 OK`; `nil` if it gives none.
    ///   - body: What it answers.
    /// - Throws: ``SupportError`` if it does not start.
    public init(_ certificate: TestAuthority.Issued, status: String?, body: String = "") throws(SupportError) {
        let port = try freePort()
        url = "https://127.0.0.1:\(port)"
        process = try ChildProcess(
            [
                "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate.certificatePath,
                "-key", certificate.keyPath,
            ],
            hasInput: true,
        )
        let head = [
            "HTTP/1.1 \(status ?? "")", "Content-Type: application/json", "Content-Length: \(body.utf8.count)",
            "Connection: close", "", "",
        ]
        let reply = head.joined(separator: "\r\n") + body
        process.onEveryLine { [weak process] line in
            if status != nil, line.hasPrefix("POST ") { process?.write(reply) }
        }
    }

    /// The review in which a webhook refuses an object.
    ///
    /// Of this version, which need not repeat the request's identifier.
    public static func refusal(_ message: String) -> String {
        """
        {"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "response": \
        {"uid": "", "allowed": false, "status": {"code": 403, "message": "\(message)"}}}
        """
    }
}
