import Base
import HTTP

/// The server's schemas of all kinds, fetched when an object has been refused.
///
/// Every server version serves `/openapi/v2`, which covers custom resources. The document has several megabytes. It is
/// therefore fetched once for all objects that are refused at the same time, and later only if it has changed, as it
/// does with every new CustomResourceDefinition.
final class SchemaCache: Sendable {
    private struct Document {
        var tag: String?
        var checkedAt = ContinuousClock.now
        var schemas: SchemaDocument
    }

    private let document = Locked<Document?>(nil)
    private let requests = SharedRequests<String, Void>()

    /// The time for which the document is used without checking whether it has changed.
    private static let validity = Duration.seconds(5)

    /// Returns the schema of a kind, `nil` if the server has no schema of the kind.
    func schema(
        of type: GroupVersionKind,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async -> Schema? {
        await current(on: client, until: deadline) { $0.schema(of: type) != nil }?.schema(of: type)
    }

    /// Returns the server's types of a kind, in any group and version.
    func types(
        ofKind kind: String,
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
    ) async -> [GroupVersionKind] {
        await types(on: client, until: deadline).filter { $0.kind == kind }
    }

    /// Returns all types that the server has, sorted by group and version.
    func types(on client: APIClient, until deadline: ContinuousClock.Instant) async -> [GroupVersionKind] {
        await current(on: client, until: deadline) { _ in true }?.types ?? []
    }

    /// Returns the document, fetched again unless it was checked recently and contains the required schema.
    private func current(
        on client: APIClient,
        until deadline: ContinuousClock.Instant,
        suffices: (SchemaDocument) -> Bool,
    ) async -> SchemaDocument? {
        func isCurrent() -> Bool {
            guard let document = document.withLock({ $0 }) else { return false }
            return ContinuousClock.now < document.checkedAt + Self.validity && suffices(document.schemas)
        }
        if !isCurrent() {
            try? await requests.answer(for: "") { () async throws(APIError) in
                // The answer to another caller's request may have arrived since.
                if !isCurrent() { try await fetch(on: client, until: deadline) }
            }
        }
        return document.withLock { $0?.schemas }
    }

    private func fetch(on client: APIClient, until deadline: ContinuousClock.Instant) async throws(APIError) {
        let response = try await client.schemaResponse(tag: document.withLock { $0?.tag }, until: deadline)
        if response.status == 304 {
            document.withLock { $0?.checkedAt = .now }
        } else if response.status == 200, let schemas = SchemaDocument(json: response.body) {
            let fetched = Document(tag: response.values(of: "etag").first, schemas: schemas)
            document.withLock { $0 = fetched }
        }
    }
}
