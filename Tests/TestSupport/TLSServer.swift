/// A server of the `openssl` command, for what goes wrong with TLS.
public final class TLSServer: Sendable {
    public let url: String

    public let port: UInt16

    private let process: ChildProcess

    /// Starts a server with a certificate.
    ///
    /// * `directory`: Where files are, with the option `-HTTP`, that hold whole responses.
    public init(
        _ certificate: TestAuthority.Issued,
        chain: String? = nil,
        directory: String = "/",
        options: String...,
    ) throws(SupportError) {
        port = try freePort()
        url = "https://127.0.0.1:\(port)"
        let arguments =
            [
                "openssl", "s_server", "-www", "-accept", "127.0.0.1:\(port)", "-cert", certificate.certificatePath,
                "-key", certificate.keyPath,
            ] + (chain.map { ["-cert_chain", $0] } ?? []) + options
        process = try ChildProcess(arguments, in: directory)
        try process.waitForLine(containing: "ACCEPT")
    }
}

/// A server of HTTP/2 from nghttp2, which counts its connections.
public final class HTTP2Server: Sendable {
    public static let isInstalled = ChildProcess.isInstalled("nghttpd")

    public let url: String

    public let port: UInt16

    /// How many connections there have been so far.
    ///
    /// nghttpd begins each line with the connection's number: `[id=1] [  0.001] recv HEADERS …`.
    public var connectionCount: Int {
        Set(process.printedLines.filter { $0.hasPrefix("[id=") }.map { $0.prefix { $0 != "]" } }).count
    }

    /// What the requests so far were addressed to, as `host:port`.
    public var authorities: [String] {
        process.printedLines.compactMap { line in
            line.contains("recv") ? line.split(separator: " ").drop { $0 != ":authority:" }.last.map(String.init) : nil
        }
    }

    private let process: ChildProcess

    /// Starts a server that shows a certificate and serves the files of a directory.
    public init(_ certificate: TestAuthority.Issued, directory: String, options: String...) throws(SupportError) {
        port = try freePort()
        url = "https://127.0.0.1:\(port)"
        process = try ChildProcess(
            ["nghttpd", "-v", "-a", "127.0.0.1", "-d", directory] + options
                + ["\(port)", certificate.keyPath, certificate.certificatePath]
        )
        try process.waitForLine(containing: "listen")
    }
}

/// An HTTPS server of HTTP/1.1 that refuses every object, as an admission webhook of a test.
///
/// `openssl s_server` ends TLS, prints what it receives and sends what it is given.
public final class WebhookServer: Sendable {
    public let url: String

    private let process: ChildProcess

    /// Starts a server that refuses with a message.
    public init(_ certificate: TestAuthority.Issued, refusing message: String) throws(SupportError) {
        // A review of this version need not repeat the request's identifier.
        let body = """
            {"apiVersion": "admission.k8s.io/v1beta1", "kind": "AdmissionReview", "response": \
            {"uid": "", "allowed": false, "status": {"code": 403, "message": "\(message)"}}}
            """
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
            "HTTP/1.1 200 OK", "Content-Type: application/json", "Content-Length: \(body.utf8.count)",
            "Connection: close", "", "",
        ]
        let reply = head.joined(separator: "\r\n") + body
        process.onEveryLine { [weak process] line in
            if line.hasPrefix("POST ") { process?.write(reply) }
        }
    }
}
