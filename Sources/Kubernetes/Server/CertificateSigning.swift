public import Base
import YAML

/// Requests a certificate from a signer of the cluster with a CertificateSigningRequest.
///
/// The object is left to the controller manager, which deletes it an hour after its approval or denial, or a day after
/// its creation. See https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/.
public struct CertificateSigning: Sendable {
    /// The contents of a request.
    public struct Request: Sendable {
        /// The task that requests the certificate.
        public var task: String
        public var pem: String
        public var signer: String
        /// The key usages, by their names in the API.
        public var usages: [String]
        /// The requested validity, which servers before 1.22 ignore.
        public var validity: Duration
        /// The end of the object's name, the same for identical requests.
        public var suffix: String

        public init(
            task: String,
            pem: String,
            signer: String,
            usages: [String],
            validity: Duration,
            suffix: String,
        ) {
            (self.task, self.pem, self.signer) = (task, pem, signer)
            (self.usages, self.validity, self.suffix) = (usages, validity, suffix)
        }

        var identity: ObjectIdentity {
            ObjectIdentity(type: CertificateSigning.kind, namespace: nil, name: "nest-bootstrap-\(task)-\(suffix)")
        }

        /// The request in base64, as in the object.
        var encoded: String { Base64.encode(Array(pem.utf8)) }
    }

    private let client: APIClient
    private let retryPolicy: RetryPolicy

    private static let kind = GroupVersionKind(
        group: "certificates.k8s.io",
        version: "v1",
        kind: "CertificateSigningRequest"
    )
    private static let collection = "\(kind.path)/certificatesigningrequests"

    /// Creates a client for certificate requests.
    ///
    /// - Parameters:
    ///   - client: The API server.
    ///   - retryPolicy: How long to wait for the approval and the certificate.
    public init(client: APIClient, retryPolicy: RetryPolicy) {
        (self.client, self.retryPolicy) = (client, retryPolicy)
    }

    /// Creates a CertificateSigningRequest, and waits until it is approved and the certificate is issued.
    ///
    /// - Parameter request: The contents of the request.
    /// - Returns: The certificate in PEM, followed by the certificates that the signer adds.
    /// - Throws: ``Base/Problem`` if the server refuses the request, or if the request is not approved in time. The
    ///   cause is permanent if the request is denied, or if the signer cannot issue the certificate.
    public func certificate(for request: Request) async throws(Problem) -> [UInt8] {
        let subject = request.identity.description
        let answer: Answer
        do throws(APIError) {
            let made = try await retryPolicy.retry(.init(.object, subject)) { () async throws(APIError) in
                try await make(request)
            }
            answer = try await awaitAnswer(to: request, from: made)
        } catch {
            throw problem(error, request)
        }
        switch answer {
        case .certificate(let bytes): return bytes
        case .refused(let refusal):
            throw Problem(Self.message(request), hint: refusal.hint, cause: refusal)
        }
    }

    /// The answer to a request.
    private enum Answer {
        /// The signer has issued the certificate.
        case certificate([UInt8])
        /// The certificate will not be issued.
        case refused(Refusal)
    }

    /// The reason why no certificate is issued, from an administrator or the signer; another request would also fail.
    private struct Refusal: PermanentFailure, CustomStringConvertible {
        let description: String
        let hint: String
        var isPermanent: Bool { true }
    }

    private func path(_ request: Request) -> String {
        "\(Self.collection)/\(APIClient.percentEncoded(request.identity.name))"
    }

    /// Creates the object, or finds the object that an earlier attempt created.
    private func make(_ request: Request) async throws(APIError) -> Node {
        let identity = request.identity
        let metadata = Node.mapping([
            ("name", .string(identity.name)),
            ("labels", .mapping([(ManagedMetadata.managedByLabel, .string(ManagedMetadata.manager))])),
            ("annotations", .mapping([(ManagedMetadata.taskAnnotation, .string(request.task))])),
        ])
        let spec = Node.mapping([
            ("request", .string(request.encoded)), ("signerName", .string(request.signer)),
            ("usages", .sequence(request.usages.map { .string($0) })),
            ("expirationSeconds", .number(Int(request.validity.components.seconds))),
        ])
        let body = Node.mapping([
            ("apiVersion", .string(identity.type.apiVersion)), ("kind", .string(identity.type.kind)),
            ("metadata", metadata), ("spec", spec),
        ])
        do throws(APIError) {
            return try await client.object(
                "POST",
                Self.collection,
                body: body.json(),
                contentType: "application/json",
                as: ExpectedObject(identity, isStored: true),
                until: retryPolicy.deadline,
            ).node
        } catch .refused(let refusal) where refusal.code == 409 {
            guard let found = try await client.find(path(request), as: identity, until: retryPolicy.deadline),
                found["spec"]?["request"]?.string == request.encoded
            else { throw .refused(refusal) }
            return found
        }
    }

    /// Waits for the certificate or the refusal.
    private func awaitAnswer(to request: Request, from made: Node) async throws(APIError) -> Answer {
        var known: Node? = made
        return try await retryPolicy.retry(.init(.object, request.identity.description)) { () async throws(APIError) in
            let found: Node?
            if let known { found = known } else {
                found = try await client.find(path(request), as: request.identity, until: retryPolicy.deadline)
            }
            known = nil
            guard let found else { throw .pending("it has been deleted", .permanent) }
            return try Self.answer(in: found, request)
        }
    }

    /// Returns the certificate or the refusal in an object.
    ///
    /// - Throws: ``APIError`` that says what the request is waiting for, if the object contains neither.
    private static func answer(in object: Node, _ request: Request) throws(APIError) -> Answer {
        let status = object["status"]
        var isApproved = false
        for condition in status?["conditions"]?.sequence ?? [] {
            let type = condition["type"]?.string ?? ""
            guard type == "Denied" || type == "Failed" else {
                isApproved = isApproved || type == "Approved"
                continue
            }
            let reason = condition["reason"]?.string ?? "no reason"
            let message = condition["message"]?.string ?? ""
            let words = type == "Denied" ? "it was denied" : "signer '\(request.signer)' cannot issue it"
            let other = type == "Denied" ? "have the next request approved" : "name another signer"
            return .refused(
                Refusal(
                    description: "\(words) (\(message.isEmpty ? reason : "\(reason): \(message)"))",
                    hint: "correct 'leaf' of task '\(request.task)', or \(other); then run the task again"
                )
            )
        }
        guard isApproved else {
            let command = "kubectl certificate approve \(request.identity.name)"
            throw .pending("waits for the approval of an administrator ('\(command)')", .retry)
        }
        guard let text = status?["certificate"]?.string, !text.isEmpty else {
            throw .pending("is approved, and signer '\(request.signer)' has not issued the certificate yet", .retry)
        }
        guard let bytes = try? Base64.decode(text) else {
            throw .pending("its certificate is not base64", .permanent)
        }
        return .certificate(bytes)
    }

    private static func message(_ request: Request) -> String {
        "no certificate from signer '\(request.signer)': \(request.identity.description)"
    }

    /// Returns what to do if no controller issues certificates of a signer.
    private static func adviceOnController(of signer: String) -> String {
        signer.hasPrefix("kubernetes.io/")
            ? "check that kube-controller-manager is running, with '--cluster-signing-cert-file' and "
                + "'--cluster-signing-key-file'"
            : "check that the controller of this signer is running, and that the name of the signer is correct"
    }

    private func problem(_ error: APIError, _ request: Request) -> Problem {
        let message = Self.message(request)
        switch error {
        case .interrupted: return Problem("interrupted while waiting for \(request.identity.description)")
        case .pending(let words, .permanent, _): return Problem("\(message): \(words)")
        case .pending(let words, _, _):
            return Problem(
                "\(message) \(words)",
                hint: words.hasPrefix("is approved") ? Self.adviceOnController(of: request.signer) : nil
            )
        // Other refusals with status 403 come from admission control, which roles do not affect.
        case .refused(let refusal) where refusal.code == 403 && refusal.message.contains(" cannot "):
            return Problem(message, hint: "apply the roles that 'nest-bootstrap rbac' prints", cause: error)
        case .transport, .refused, .notReady, .foreign, .beingDeleted, .rival, .outdated:
            return Problem(message, cause: error)
        }
    }
}
