public import Base

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
        do throws(APIError) {
            return try await retryPolicy.retry(.init(.object, request.identity.description)) {
                () async throws(APIError) in
                try Self.certificate(in: try await make(request), request)
            }
        } catch {
            let message = "no certificate from signer '\(request.signer)': \(request.identity.description)"
            switch error {
            case .interrupted: throw Problem("interrupted while waiting for \(request.identity.description)")
            case .pending(let words, .permanent, _):
                let hint =
                    "correct 'leaf' of task '\(request.task)' or have the next request approved; then run it again"
                throw Problem(message, hint: hint, cause: Refusal(description: words))
            // Other refusals with status 403 come from admission control, which roles do not affect.
            case .refused(let refusal) where refusal.code == 403 && refusal.message.contains(" cannot "):
                throw Problem(message, hint: "apply the roles that 'nest-bootstrap rbac' prints", cause: error)
            default: throw Problem(message, cause: error)
            }
        }
    }

    /// The reason why no certificate is issued, from an administrator or the signer; another request would also fail.
    private struct Refusal: PermanentFailure, CustomStringConvertible {
        let description: String
        var isPermanent: Bool { true }
    }

    /// Finds the object that an earlier attempt created, or creates it.
    private func make(_ request: Request) async throws(APIError) -> Node {
        let identity = request.identity
        let path = "\(Self.collection)/\(APIClient.percentEncoded(identity.name))"
        if let found = try await client.find(path, as: identity, until: retryPolicy.deadline) {
            guard found["spec"]?["request"]?.string == request.encoded else {
                throw .pending("another request has this name", .permanent)
            }
            return found
        }
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
        return try await client.object(
            "POST",
            Self.collection,
            body: body.json(),
            contentType: "application/json",
            as: ExpectedObject(identity, isStored: true),
            until: retryPolicy.deadline,
        ).node
    }

    /// Returns the certificate in an object.
    ///
    /// - Throws: ``APIError`` that says what the request is waiting for, or permanently why there is no certificate.
    private static func certificate(in object: Node, _ request: Request) throws(APIError) -> [UInt8] {
        let status = object["status"]
        let conditions = status?["conditions"]?.sequence ?? []
        if let end = conditions.first(where: { ["Denied", "Failed"].contains($0["type"]?.string) }) {
            let words = end["type"]?.string == "Denied" ? "it was denied" : "signer '\(request.signer)' cannot issue it"
            let reasons = ["reason", "message"].compactMap { end[$0]?.string }.filter { !$0.isEmpty }
            throw .pending("\(words) (\(reasons.joined(separator: ": ")))", .permanent)
        }
        guard conditions.contains(where: { $0["type"]?.string == "Approved" }) else {
            let command = "kubectl certificate approve \(request.identity.name)"
            throw .pending("waits for the approval of an administrator ('\(command)')", .retry)
        }
        guard let text = status?["certificate"]?.string, !text.isEmpty else {
            let advice = "check that its controller is running"
            throw .pending(
                "is approved, and signer '\(request.signer)' has not issued the certificate yet: \(advice)",
                .retry
            )
        }
        guard let bytes = try? Base64.decode(text) else { throw .pending("its certificate is not base64", .permanent) }
        return bytes
    }
}
