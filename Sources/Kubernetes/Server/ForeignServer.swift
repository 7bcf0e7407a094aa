import Base
import HTTP
import YAML

/// A program that answers at the address of an API server but is not one.
struct ForeignServer: Sendable, Hashable {
    /// The program, such as `etcd`, with what shows that.
    var description: String

    /// A program, and the ways to recognise it.
    fileprivate struct Program {
        var name: String
        /// A header of every response.
        var header: String?
        /// A path, and a part of the answer of that path without credentials.
        var answer: (path: String, part: String)?
        /// The ports that the program usually has.
        var ports: [UInt16] = []
    }

    private static let programs = [
        Program(
            name: "kube-scheduler",
            answer: ("/readyz?verbose", "sched-handler-sync"),
            ports: [10259]
        ),
        Program(
            name: "kube-controller-manager",
            answer: ("/healthz?verbose", "garbage-collector-controller"),
            ports: [10257]
        ),
        Program(name: "etcd", answer: ("/version", #""etcdserver""#), ports: [2379, 2380]),
        Program(name: "a container registry", header: "docker-distribution-api-version"),
        Program(name: "Prometheus", answer: ("/-/ready", "Prometheus"), ports: [9090]),
        Program(name: "Vault", answer: ("/v1/sys/health", #""sealed""#), ports: [8200]),
        Program(
            name: "HAProxy without a server",
            answer: ("/version", "No server is available to handle this request")
        ),
        Program(name: "a kubelet", ports: [10250, 10255]),
        Program(name: "kube-proxy", ports: [10249, 10256]),
        Program(name: "the supervisor of RKE2", ports: [9345]),
    ]

    /// The port that an API server usually has.
    static let usualPort: UInt16 = 6443

    /// Returns the program that usually has a port, with the port as reason.
    static func usual(atPort port: UInt16) -> ForeignServer? {
        programs.first { $0.ports.contains(port) }.map {
            ForeignServer(description: "\($0.name), which usually has port \(port)")
        }
    }

    /// Recognises a program by its answers, which are requested one after the other.
    ///
    /// - Parameters:
    ///   - port: The port of the server.
    ///   - hasCertificate: Whether the server has answered to a client certificate.
    ///   - ask: Requests a path without credentials.
    /// - Returns: The program, `nil` if it is unknown or an API server.
    static func recognised(
        atPort port: UInt16,
        hasCertificate: Bool,
        _ ask: (String) async throws(TransportError) -> HTTPResponse
    ) async -> ForeignServer? {
        var answers: [String: HTTPResponse] = [:]
        for path in programs.compactMap(\.answer?.path).unique(by: \.self) {
            do throws(TransportError) {
                let response = try await ask(path)
                if path == "/version", response.isFromAPIServer { return nil }
                answers[path] = response
                if let program = programs.first(where: { $0.isShown(by: response, of: path) }) {
                    return ForeignServer(description: program.name)
                }
            } catch {
                // The server ends the connection before or after the alert of TLS.
                guard hasCertificate, [.clientCertificateRefused, .closed].contains(error.kind) else { break }
                let other = usual(atPort: port)?.description ?? "probably etcd"
                return ForeignServer(description: "\(other), and wants a client certificate of every client")
            }
        }
        // A load balancer or another web server has its name in a header.
        let name = answers["/version"]?.senders.first { !$0.isEmpty }.map { "'\(printable($0.shortened(to: 60)))'" }
        return usual(atPort: port) ?? name.map { ForeignServer(description: "\($0), according to its header 'Server'") }
    }
}

extension ForeignServer.Program {
    /// Returns whether a response without credentials shows the program.
    fileprivate func isShown(by response: HTTPResponse, of path: String) -> Bool {
        if let header, !response.values(of: header).isEmpty { return true }
        guard let answer, answer.path == path else { return false }
        return String(decoding: response.body.prefix(64 << 10), as: UTF8.self).contains(answer.part)
    }
}

extension HTTPResponse {
    /// Whether a response to `GET /version` is one of an API server: its version, or a refusal as `Status`.
    var isFromAPIServer: Bool {
        guard let node = try? readJSON(body, file: "reply") else { return false }
        return node["gitVersion"]?.string != nil || node["kind"]?.string == "Status"
    }
}

extension APIClient {
    /// The time limit of the requests that show what answers at the server's address.
    private static let recognitionLimit = Duration.seconds(3)

    /// Returns what answers at the server's address, if a failed preflight suggests that it is no API server.
    func foreignServer(after error: APIError) async -> ForeignServer? {
        guard let address = try? WebAddress(kubeconfig.server) else { return nil }
        switch error {
        case .pending where [404, 405, 410].contains(preflightState.lastStatus) || isPage(error), .foreign,
            .refused where [404, 405, 410].contains(preflightState.lastStatus):
            return await recognition.answer { [self] in
                let end = ContinuousClock.now + Self.recognitionLimit
                return await ForeignServer.recognised(atPort: address.port, hasCertificate: hasClientCertificate) {
                    path throws(TransportError) in
                    try await sendAnonymously(path, until: end)
                }
            }
        case .refused(let refusal) where refusal.code == 401 && refusal.status.reason.isEmpty:
            return ForeignServer.usual(atPort: address.port)
        case .transport(let cause) where [.untrusted, .selfSigned].contains(cause.kind):
            return ForeignServer.usual(atPort: address.port)
        default: return nil
        }
    }

    private func isPage(_ error: APIError) -> Bool {
        if case .pending(let words, _, _) = error { words.contains("HTML page") } else { false }
    }

    /// Returns whether an API server answers at the server's address without the path of its URL.
    func hasServerAboveItsPath(after error: APIError) async -> Bool {
        guard case .pending = error, preflightState.lastStatus == 404,
            let path = try? WebAddress(kubeconfig.server).rest, !path.isEmpty
        else { return false }
        let base = String(kubeconfig.server.dropLast(path.count))
        return await serverAbovePath.answer { [self] in
            let end = ContinuousClock.now + Self.recognitionLimit
            let response = try? await sendAnonymously("/version", below: base, until: end)
            return response?.isFromAPIServer == true
        }
    }
}
