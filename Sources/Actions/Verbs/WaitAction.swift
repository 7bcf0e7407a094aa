import Base
import Glibc
import HTTP
import Host
import Kubernetes
import Planning

/// Verb `wait`: waits until a condition holds.
struct WaitAction: Action {
    let context: ActionContext
    let declaration: WaitDeclaration

    /// Waits for the condition and returns `false`.
    ///
    /// A dry run waits until the deadline only for an API server that no earlier task would start. Other conditions are
    /// only probed, because a task that the dry run does not perform could meet them.
    func run() async throws -> Bool {
        guard context.run.files.isDryRun else {
            try await wait()
            return false
        }
        if case .apiServer = declaration.condition {
            _ = try await client()
            return false
        }
        let probe = WaitAction(context: context.probing(.seconds(2)), declaration: declaration)
        if (try? await probe.wait()) != nil { return false }
        context.emit(.planned("would wait for \(subject)"))
        if case .file(let reference) = declaration.condition {
            context.run.files.expect(reference.path, from: context.task.name)
        }
        context.recordStart()
        return false
    }

    private func wait() async throws {
        switch declaration.condition {
        case .apiServer:
            _ = try await client()
        case .object(let reference):
            let client = try await client()
            try await client.awaitReadiness(
                of: [AwaitedObject(ObjectIdentity(reference), at: reference.location)],
                sinceBoot: declaration.isOwnNode ? try? Machine.bootIdentifier() : nil,
                context.retryPolicy,
            )
        case .unit(let name) where !Systemd.isReachable:
            throw Problem(
                "cannot wait for unit '\(name)': systemd does not run here (process 1 is another program)",
                hint: "wait for what the unit provides: write tcp:, url: or file: in place of unit:",
            )
        case .url(let url):
            let identity = try connectionIdentity()
            try await poll { () async throws(NotYet) in try await checkURL(url, identity) }
        case .tcp, .file, .unit, .address, .interface:
            try await poll(check)
        }
    }

    /// Checks a TCP port or a condition of the node once.
    private func check() async throws(NotYet) {
        if case .tcp(let host, let port) = declaration.condition { return try await checkConnection(host, port) }
        let found: String?
        do {
            found = try await reason()
        } catch {
            throw NotYet(words: "\(error)")
        }
        if let found { throw NotYet(words: found) }
    }

    /// Returns the reason why a condition of the node does not hold, or `nil` if it holds.
    private func reason() async throws(SystemError) -> String? {
        switch declaration.condition {
        case .file(let reference):
            let location = try context.run.files.location(ofRead: reference.path)
            return try FileSystem.exists(location) ? nil : "it does not exist"
        case .unit(let name):
            let state = try await Systemd.installedUnit(name.contains(".") ? name : "\(name).service").unit
            return state.isActive ? nil : "it is \(state)"
        case .address(let range):
            let found = try NetworkInterface.all().contains { interface in
                interface.isUp
                    && interface.addresses.contains { $0.state != .tentative && range.contains($0.address) }
            }
            return found ? nil : "no interface that is up has it"
        case .interface(let pattern): return Self.reason(try NetworkInterface.all().filter { $0.isNamed(pattern) })
        case .apiServer, .object, .tcp, .url: return nil
        }
    }

    /// Returns the reason why none of the interfaces is up and running, or `nil` if one is.
    private static func reason(_ interfaces: [NetworkInterface]) -> String? {
        guard let first = interfaces.first else { return "it does not exist" }
        if interfaces.contains(where: { $0.isUp && $0.isRunning }) { return nil }
        return interfaces.contains(where: \.isUp) ? "'\(first.name)' has no carrier" : "'\(first.name)' is down"
    }

    /// The subject of the condition, its expected state, and the advice for a timeout.
    private var texts: (subject: String, expectation: String, advice: String?) {
        switch declaration.condition {
        case .apiServer: return ("the API server", "", nil)
        case .object(let reference):
            let namespace = reference.namespace.map { " -n \($0)" } ?? ""
            let call = "kubectl get \(reference.kind.lowercased()) \(reference.name)\(namespace)"
            return (ObjectIdentity(reference).description, "", "see '\(call)'")
        case .tcp(let host, let port): return ("\(host):\(port)", " to accept connections", nil)
        case .file(let reference):
            let location = try? context.run.files.location(ofRead: reference.path)
            let target = location.flatMap { try? FileSystem.status($0) }?.target
            let link = target.map { "it is a link to '\($0)', which does not exist: create that" }
            return ("'\(reference.path)'", "", link ?? "check what creates the file")
        // Every user can read the subject of a wait, and a query can contain a token.
        case .url(let url): return ("'\(urlWithoutQuery(url))'", "", nil)
        case .unit(let name): return ("unit '\(name)'", " to be active", "see 'systemctl status \(name)'")
        case .address(let range):
            let subject = range.isOneAddress ? "address \(range)" : "an address in \(range)"
            return (subject, "", "see 'ip address', and check what joins the network")
        case .interface(let name):
            return ("interface '\(name)'", " to be up", "see 'ip link', and check what creates the interface")
        }
    }

    private var subject: String { texts.subject }

    private func client() async throws(Problem) -> APIClient {
        try await context.run.connections.client(kubeconfig: declaration.kubeconfig.path, context)
    }

    /// Repeats a check until it passes, fails permanently or reaches the deadline; a dry run checks once.
    private func poll(_ check: () async throws(NotYet) -> Void) async throws(Problem) {
        do {
            if context.run.files.isDryRun { return try await check() }
            try await context.retryPolicy.retry(.init(.condition, subject), check)
        } catch {
            guard error.disposition == .retry else {
                throw Problem("cannot wait for \(subject): \(error.words)", hint: error.hint)
            }
            throw timedOut(error.words, hint: error.hint)
        }
    }

    private func timedOut(_ reason: String, hint: String?) -> Problem {
        let (subject, expectation, advice) = texts
        return context.timedOut(
            waitingFor: subject + expectation,
            reason,
            hint: hint ?? (advice.map { "\($0), or " } ?? "") + "increase 'timeout' of task '\(context.task.name)'",
        )
    }

    private func checkConnection(_ host: String, _ port: UInt16) async throws(NotYet) {
        do {
            try await context.run.http.checkConnection(host: host, port: port, deadline: attemptDeadline)
        } catch {
            // The subject of the wait already names the address.
            let place = error.message.hasPrefix("cannot connect to ") ? error.message.firstRange(of: "': ") : nil
            let reason = place.map { String(error.message[$0.upperBound...]) } ?? error.message
            throw NotYet(words: reason, disposition: error.disposition)
        }
    }

    private var attemptDeadline: ContinuousClock.Instant { min(context.deadline, .now + .seconds(10)) }

    private func checkURL(_ url: String, _ connectionIdentity: ConnectionIdentity) async throws(NotYet) {
        let response: HTTPResponse
        do {
            response = try await context.run.http.send(
                HTTPRequest(url: url),
                as: connectionIdentity,
                deadline: attemptDeadline
            )
        } catch {
            throw NotYet(words: error.message, disposition: error.disposition, hint: hint(for: error))
        }
        guard !(200..<300).contains(response.status) else { return }
        if response.expectsTLS {
            throw NotYet(words: "the server expects TLS", disposition: .permanent, hint: "write https:// in 'url'")
        }
        let target = response.redirection.map { " with a redirection to '\(urlWithoutQuery($0))'" } ?? ""
        throw NotYet(words: "it answers \(response.status)\(target)")
    }

    /// Returns advice about a server whose certificate is not trusted, or `nil` for other errors.
    private func hint(for error: TransportError) -> String? {
        guard error.kind == .untrusted else { return nil }
        let authority = declaration.certificateAuthority
        return authority.map { "'\($0.path)' (\($0.location)) must contain the CA of this server" }
            ?? "set 'certificateAuthority' of task '\(context.task.name)' to the CA of this server"
    }

    private func connectionIdentity() throws(Problem) -> ConnectionIdentity {
        guard let authority = declaration.certificateAuthority else { return ConnectionIdentity() }
        let failure = "the CA of \(subject) cannot be used"
        let file = try context.source(authority, key: "certificateAuthority", failure)
        _ = try CredentialCheck.certificates(in: file)
        return ConnectionIdentity(certificateAuthority: file.bytes)
    }
}

/// The failure of an attempt; the attempt is repeated if ``disposition`` allows it.
struct NotYet: Retriable, CustomStringConvertible {
    var words: String
    var disposition = Disposition.retry
    var hint: String?
    /// The local system error, such as a full disk, that made the attempt fail.
    var refusal: SystemError?

    var description: String { words }
}

extension ActionContext {
    /// Returns the problem of a task that has waited until its deadline.
    func timedOut(waitingFor expectation: String, _ reason: String, hint: String) -> Problem {
        var problem = Problem(
            "timed out after \(task.timeout.text) waiting for \(expectation): \(reason)",
            hint: hint,
        )
        problem.reason = reason
        return problem
    }
}
