public import Base

/// A request for a certificate from a signer of the cluster.
///
/// The controller manager deletes the CertificateSigningRequest an hour after its approval or denial, or a day after
/// its creation if it is still pending. See
/// https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/.
public struct CertificateSigning: Sendable {
    private let client: APIClient
    private let retryPolicy: RetryPolicy
    private let task: String
    private let signer: String
    private let usages: [String]
    private let validity: Duration
    private let identity: ObjectIdentity
    /// The PEM request in base64, as in field `spec.request` of the object.
    private let encoded: String

    private static let kind = GroupVersionKind(
        group: "certificates.k8s.io",
        version: "v1",
        kind: "CertificateSigningRequest"
    )
    private static let collection = "\(kind.path)/certificatesigningrequests"

    /// Creates a request without sending it.
    ///
    /// The usages are named as in the API. `suffix`, the end of the object's name, must depend only on the request.
    public init(
        client: APIClient,
        retryPolicy: RetryPolicy,
        task: String,
        pem: String,
        signer: String,
        usages: [String],
        validity: Duration,
        suffix: String,
    ) {
        (self.client, self.retryPolicy, self.task) = (client, retryPolicy, task)
        (self.signer, self.usages, self.validity) = (signer, usages, validity)
        identity = ObjectIdentity(type: Self.kind, namespace: nil, name: "nest-bootstrap-\(task)-\(suffix)")
        encoded = Base64.encode(Array(pem.utf8))
    }

    /// Sends the request, and waits until it is approved and the certificate is issued.
    ///
    /// - Returns: The certificate in PEM, followed by the certificates that the signer adds.
    /// - Throws: ``Base/Problem``, whose cause is permanent if no certificate will be issued for this request.
    public func certificate() async throws(Problem) -> [UInt8] {
        do throws(APIError) {
            return try await retryPolicy.retry(.init(.object, "\(identity)")) { () async throws(APIError) in
                try certificate(in: try await make())
            }
        } catch {
            let message = "no certificate from signer '\(signer)': \(identity)"
            switch error {
            case .interrupted: throw Problem("interrupted while waiting for \(identity)")
            case .pending(let words, .permanent, _):
                let hint = "correct 'leaf' of task '\(task)' or have the next request approved; then run it again"
                throw Problem(message, hint: hint, cause: Refusal(description: words))
            // Without ` cannot ` in the message, admission control refused the request, and a role would not help.
            case .refused(let refusal) where refusal.code == 403 && refusal.message.contains(" cannot "):
                throw Problem(message, hint: "apply the roles that 'nest-bootstrap rbac' prints", cause: error)
            default: throw Problem(message, cause: error)
            }
        }
    }

    /// The reason why no certificate will be issued for this request, such as a denial.
    private struct Refusal: PermanentFailure, CustomStringConvertible {
        let description: String
        var isPermanent: Bool { true }
    }

    /// Reads the object that an earlier attempt created, or creates it.
    private func make() async throws(APIError) -> Node {
        let path = "\(Self.collection)/\(APIClient.percentEncoded(identity.name))"
        if let found = try await client.find(path, as: identity, until: retryPolicy.deadline) {
            guard found["spec"]?["request"]?.string == encoded else {
                throw .pending("another request has this name", .permanent)
            }
            return found
        }
        let metadata = Node.mapping([
            ("name", .string(identity.name)),
            ("labels", .mapping([(ManagedMetadata.managedByLabel, .string(ManagedMetadata.manager))])),
            ("annotations", .mapping([(ManagedMetadata.taskAnnotation, .string(task))])),
        ])
        let spec = Node.mapping([
            ("request", .string(encoded)), ("signerName", .string(signer)),
            ("usages", .sequence(usages.map { .string($0) })),
            ("expirationSeconds", .number(Int(validity.components.seconds))),
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
    /// - Throws: ``APIError/pending(_:_:retryAfter:)``, permanent if there will be no certificate.
    private func certificate(in object: Node) throws(APIError) -> [UInt8] {
        let status = object["status"]
        let conditions = status?["conditions"]?.sequence ?? []
        if let end = conditions.first(where: { ["Denied", "Failed"].contains($0["type"]?.string) }) {
            let words = end["type"]?.string == "Denied" ? "it was denied" : "signer '\(signer)' cannot issue it"
            let reasons = ["reason", "message"].compactMap { end[$0]?.string }.filter { !$0.isEmpty }
            throw .pending("\(words) (\(reasons.joined(separator: ": ")))", .permanent)
        }
        guard conditions.contains(where: { $0["type"]?.string == "Approved" }) else {
            let command = "kubectl certificate approve \(identity.name)"
            throw .pending("waits for the approval of an administrator ('\(command)')", .retry)
        }
        guard let text = status?["certificate"]?.string, !text.isEmpty else {
            let advice = "check that its controller is running"
            throw .pending(
                "is approved, and signer '\(signer)' has not issued the certificate yet: \(advice)",
                .retry
            )
        }
        guard let bytes = try? Base64.decode(text) else { throw .pending("its certificate is not base64", .permanent) }
        return bytes
    }
}
