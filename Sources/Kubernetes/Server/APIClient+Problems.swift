import Base
import HTTP
import TLS

/// Explanations of why an API server is not usable, and advice.
extension APIClient {
    /// Returns the problem of a server that did not pass its preflight checks before the deadline.
    ///
    /// - Parameters:
    ///   - error: The failure of the last check.
    ///   - foreign: What answers at the server's address, if that is known and no API server.
    ///   - isAboveItsPath: Whether an API server answers without the path of the URL.
    /// - Returns: The problem.
    func preflightProblem(
        _ error: APIError,
        foreign: ForeignServer? = nil,
        isAboveItsPath: Bool = false,
    ) -> Problem {
        let problem = isAboveItsPath ? problemOfPath(error) : problem(of: error)
        guard let foreign else { return problem }
        let usual = "an API server usually has port \(ForeignServer.usualPort)"
        if problem.message.contains("is not an API server") {
            let address = try? WebAddress(kubeconfig.server)
            let correction = "correct \(kubeconfig.serverSetting)"
            return Problem(
                "API server \(kubeconfig.server) is not an API server: it is \(foreign.description)",
                hint: address?.port == ForeignServer.usualPort ? correction : "\(correction): \(usual)",
                cause: problem.cause
            )
        }
        let doubt = "if it is \(foreign.description), correct \(kubeconfig.serverSetting): \(usual)"
        let hint = [problem.hint, doubt].compactMap(\.self).joined(separator: "; ")
        return Problem(problem.message, hint: hint, cause: problem.cause)
    }

    /// Returns the problem of a URL with a path, if an API server answers without it.
    private func problemOfPath(_ error: APIError) -> Problem {
        let path = (try? WebAddress(kubeconfig.server))?.rest ?? ""
        return Problem(
            "API server \(kubeconfig.server) is not an API server, which answers without the path '\(path)'",
            hint: "remove the path from \(kubeconfig.serverSetting): write \(kubeconfig.server.dropLast(path.count))",
            cause: error
        )
    }

    private func problem(of error: APIError) -> Problem {
        let server = "API server \(kubeconfig.server)"
        return switch error {
        case .interrupted:
            Problem("interrupted while waiting for \(server)")
        case .transport(let cause)
        where preflightState.hasAnswered && [.timedOut, .closed, .reset].contains(cause.kind):
            // The server has answered before, so its address is correct and the server was running.
            Problem("\(server) is not ready", hint: Self.storageAdvice, cause: cause)
        case .transport(let cause):
            transportProblem(cause, server)
        case .refused(let refusal) where refusal.code == 401:
            Problem(credentialRefusal(by: server), hint: credentialAdvice)
        case .refused(let refusal) where refusal.status.expectsTLS:
            Problem(
                "\(server) expects TLS",
                hint: "write server: https://\(kubeconfig.address) in kubeconfig '\(kubeconfig.path)', "
                    + "or https://\(kubeconfig.address) in 'cluster.servers' if a task writes it",
            )
        case .refused(let refusal) where refusal.status.location != nil:
            Problem(
                "\(server) is not an API server",
                hint: "correct \(kubeconfig.serverSetting)",
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
        case .pending:
            pendingProblem(error, server)
        case .refused(let refusal) where [404, 405, 410].contains(refusal.code):
            // Other programs of Kubernetes answer /readyz, but only an API server has what the checks request then.
            Problem(
                "\(server) is not an API server",
                hint: "correct \(kubeconfig.serverSetting)",
                cause: error
            )
        case .refused, .beingDeleted, .rival, .outdated:
            Problem("\(server) is not ready", hint: Self.serverAdvice, cause: error)
        }
    }

    /// Returns the problem of a server whose answers do not show that it is ready.
    private func pendingProblem(_ error: APIError, _ server: String) -> Problem {
        switch preflightState.lastStatus {
        case 300..<400, 404, 405, 410:
            // Every API server has /readyz since Kubernetes 1.16.
            let path = (try? WebAddress(kubeconfig.server))?.rest ?? ""
            let part = path.isEmpty || path == "/" ? "" : "the path '\(path)' of the server, or "
            return Problem(
                "\(server) is not an API server",
                hint: "correct \(kubeconfig.writer == nil ? part : "")\(kubeconfig.serverSetting)",
                cause: error
            )
        case 500...: return Problem("\(server) is not ready", hint: Self.serverAdvice, cause: error)
        default: return Problem("\(server) is not ready", cause: error)
        }
    }

    /// Returns the message that a server does not accept the user, with what the kubeconfig shows of the reason.
    func credentialRefusal(by server: String) -> String {
        "\(server) does not accept \(whoami)" + (credentialDoubt.map { ": \($0.reason)" } ?? "")
    }

    private static var serverAdvice: String { "look into the API server's log" }

    private static var storageAdvice: String { "look into the logs of the API server and of etcd" }

    /// Removes the server's address from an error, for messages that already name the server.
    func withoutAddress(_ error: APIError) -> APIError {
        guard case .transport(var cause) = error else { return error }
        for (phrase, rest) in [
            ("cannot connect to '\(kubeconfig.address)': ", ""), (" from '\(kubeconfig.address)'", ""),
        ] {
            cause.message = cause.message.replacing(phrase, with: rest, maxReplacements: 1)
        }
        return .transport(cause)
    }

    /// Returns advice about the usual port if the URL has none.
    private func portAdvice(_ cause: TransportError) -> String? {
        guard cause.kind == .refused, kubeconfig.usesDefaultPort, let address = try? WebAddress(kubeconfig.server)
        else { return nil }
        let host = Endpoint(host: address.host, port: 6443)
        return
            "the URL has no port, so 443 is used, and an API server usually has 6443: write https://\(host) in kubeconfig "
            + "'\(kubeconfig.path)'"
    }

    /// Returns what to do about a server that cannot be reached, by what was seen of it.
    private func unreachableAdvice(_ cause: TransportError, _ correction: String) -> String? {
        switch cause.kind {
        case .resolve: return "\(correction), or check that DNS or /etc/hosts resolves the host"
        case .timedOut where cause.message.contains("handshake"):
            let host = (try? WebAddress(kubeconfig.server))?.host ?? ""
            return
                "it accepts connections and does not respond, or large packets are lost on the way (MTU): if "
                + "\(quotedShellLine(["ping", "-c", "1", host])) succeeds and "
                + "\(quotedShellLine(["ping", "-c", "1", "-M", "do", "-s", "1400", host])) does not, lower the MTU of the "
                + "node's interface; otherwise see the server's log, or \(correction)"
        case .closed, .reset:
            return
                "something accepts connections there and ends them, such as a load balancer whose servers are down: see "
                + "its log and theirs, or \(correction)"
        case .refused: return "start it, or \(correction)"
        case .timedOut, .unreachable: return "check the route and the firewalls on the way to it, or \(correction)"
        case .tls: return nil
        default: return correction
        }
    }

    /// Returns the problem of a server whose certificate the trusted CA has not issued.
    private func distrustProblem(_ peer: Certificate?, _ server: String) -> Problem {
        if let peer, peer.isIssuedByNamesake(of: authorities) {
            return Problem(
                "\(server) shows a certificate issued by '\(peer.issuer)', but the CA of this name that kubeconfig "
                    + "'\(kubeconfig.path)' trusts, \(authority), has another key",
                hint: "the CA was probably made again: put the certificate of the server's CA there",
            )
        }
        let issuer = peer.map { "issued by '\($0.issuer)'" } ?? "that cannot be traced to a CA"
        return Problem(
            "\(server) shows a certificate \(issuer), but kubeconfig '\(kubeconfig.path)' trusts only \(authority)",
            hint: (authorities.isEmpty
                ? "name the server's CA in 'certificate-authority' of the kubeconfig, or in 'cluster.certificateAuthority' if "
                    + "a task writes it"
                : "add the server's CA to that file")
                + "; if the issuer is an intermediate CA, let the server send its certificate too ('--tls-cert-file')",
        )
    }

    /// The subject alternative name that the server's certificate needs, as `openssl` reads it.
    private var wantedName: String { Certificate.alternativeName(for: kubeconfig.verifiedName) }

    /// Returns the problem of a server whose certificate is for other names.
    private func nameProblem(_ peer: Certificate?, _ server: String) -> Problem {
        let mismatch = peer?.mismatch(with: kubeconfig.verifiedName)
        guard let mismatch, mismatch.isOfWrongType else {
            let names = peer.map { ($0.usableNames.isEmpty ? $0.names : $0.usableNames).joined(separator: ", ") }
            return Problem(
                "\(server) shows a certificate for \(names ?? "other names"), not for '\(kubeconfig.verifiedName)'",
                hint: adviceAboutNames(mismatch)
            )
        }
        let issued =
            "issue the server's certificate again with the address as an IP address: subjectAltName '\(wantedName)'"
        // The message does not list the other names of the certificate.
        let other = kubeconfig.writer == nil ? mismatch.names.first : nil
        return Problem(
            "\(server) shows a certificate that \(mismatch.reason)",
            hint: other.map { "\(issued), or \(adviceToVerify($0))" } ?? issued
        )
    }

    /// Returns what to do about a certificate for other names, which the message lists.
    private func adviceAboutNames(_ mismatch: NameMismatch?) -> String {
        let issued = "issue the server's certificate again with subjectAltName '\(wantedName)'"
        guard kubeconfig.writer == nil else {
            return mismatch?.names.isEmpty == false
                ? "use one of these names in \(kubeconfig.serverSetting), or \(issued)" : issued
        }
        if let name = mismatch?.names.first { return "\(adviceToVerify(name)), or \(issued)" }
        return mismatch == nil
            ? "use one of these names in the server's URL, or as 'tls-server-name' in kubeconfig '\(kubeconfig.path)'"
            : issued
    }

    /// Returns the line of the kubeconfig with which a client accepts a certificate for another name.
    private func adviceToVerify(_ name: String) -> String {
        "write 'tls-server-name: \(name)' for its cluster in kubeconfig '\(kubeconfig.place(of: "tls-server-name"))'"
    }

    /// Returns what to do about a certificate with names for which its CA may not issue.
    private func advice(on violation: NameViolation) -> String {
        let names = violation.names.map { "'\($0)'" }.joined(separator: ", ")
        let issued = "issue the server's certificate again without \(names)"
        guard violation.names.contains(kubeconfig.verifiedName) else { return issued }
        guard kubeconfig.writer == nil else {
            return "\(issued), with a name that is permitted, and use that in \(kubeconfig.serverSetting)"
        }
        let place = "for its cluster in kubeconfig '\(kubeconfig.place(of: "tls-server-name"))'"
        guard let other = violation.otherNames.first else {
            return
                "issue the server's certificate again for a permitted name, and write that as 'tls-server-name' \(place)"
        }
        return "\(issued), and write 'tls-server-name: \(other)' \(place)"
    }

    /// Returns the problem of a server that gives no response.
    private func transportProblem(_ cause: TransportError, _ server: String) -> Problem {
        let peer = cause.peer
        let correction = "correct \(kubeconfig.serverSetting)"
        switch cause.kind {
        case .untrusted, .selfSigned: return distrustProblem(peer, server)
        case .hostName:
            return nameProblem(peer, server)
        case .noNames:
            let subject = peer.map { " (only the subject '\($0.subject)')" } ?? ""
            return Problem(
                "\(server) shows a certificate without a subject alternative name\(subject)",
                hint: "issue the server's certificate again with subjectAltName '\(wantedName)'",
            )
        case .serverCertificateExpired, .serverCertificateNotYetValid:
            let span = peer.map { "valid from \($0.validFrom) to \($0.validUntil)" } ?? cause.message
            return Problem(
                "\(server) shows a certificate that is not valid now (\(span); the node's clock says \(Timestamp.now()))",
                hint: "renew the server's certificate, or set the node's clock",
            )
        case .unusableCertificate:
            return Problem(
                "\(server) shows a certificate that cannot be used",
                hint: cause.nameViolation.map(advice),
                cause: cause
            )
        case .resolve, .refused, .refusedByProxy, .proxyProtocol, .unreachable, .timedOut, .closed, .reset, .other,
            .tls:
            let setting = "'proxy-url' (\(kubeconfig.place(of: "proxy-url")))"
            let common = cause.kind == .resolve && cause.proxy == nil ? nil : cause.advice(proxySetting: setting)
            let hint = common ?? portAdvice(cause) ?? unreachableAdvice(cause, correction)
            return Problem("\(server) cannot be reached", hint: hint, cause: cause)
        case .notTLS, .notHTTP, .tlsVersion:
            let hint =
                cause.kind == .tlsVersion
                ? "let the server offer TLS 1.2 or later, or \(correction)"
                : "\(correction): another server has this port"
            return Problem("\(server) is not an API server", hint: hint, cause: cause)
        case .clientCertificateRefused:
            return Problem(
                credentialRefusal(by: server),
                hint: credentialAdvice,
                cause: cause
            )
        case .clientCertificate, .unreadableFile, .replyTooLarge, .redirect, .cancelled, .invalidURL:
            return Problem("\(server) cannot be used", cause: cause)
        }
    }
}
