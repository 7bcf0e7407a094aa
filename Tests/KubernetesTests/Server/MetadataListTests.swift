import HTTP
import TestSupport
import Testing
@testable import Kubernetes

/// Lists of metadata, as protobuf and as JSON.
@Suite(.tags(.everyServer), .needsAPIServer)
struct MetadataListTests {
    private static let collection = "/api/v1/namespaces/kube-system/configmaps"

    @Test func `protobuf and JSON say the same of every object`() async throws {
        let session = try await Session.admin()
        let names = (0..<7).map { "metadata-list-\($0)" }
        let objects = names.map { name in
            "{apiVersion: v1, kind: ConfigMap, metadata: {name: \(name), namespace: kube-system}, data: {a: b}}"
        }
        _ = await session.apply(objects.joined(separator: "\n---\n"))
        for path in [Self.collection, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/api/v1/namespaces"] {
            let items = try await read(path, session, isJSON: false)
            let expected = try await read(path, session, isJSON: true)
            #expect(items.allSatisfy { $0.node == nil } && expected.allSatisfy { $0.node != nil })
            // Other tests change objects between the two lists.
            let same = items.map(\.metadata).filter { item in
                expected.contains {
                    $0.metadata.name == item.name && $0.metadata.resourceVersion == item.resourceVersion
                }
            }
            for item in same { #expect(expected.contains { $0.metadata == item }, "\(item)") }
            if path == Self.collection { #expect(Set(same.map(\.name)).isSuperset(of: names)) }
        }
        let own = try await read(Self.collection, session, isJSON: false).filter { names.contains($0.metadata.name) }
        #expect(own.count == names.count)
        for item in own {
            #expect(item.metadata.isLabelled && !item.metadata.isBeingDeleted && item.metadata.uid.count == 36)
            #expect(item.metadata.task == "t" && item.metadata.managers.map(\.name) == [ManagedMetadata.manager])
            #expect(item.metadata.managers.allSatisfy { $0.time.map { $0 > 1_600_000_000 } == true })
        }
    }

    @Test func `pages have all objects once, and the first one says how many remain`() async throws {
        let session = try await Session.admin()
        let path = "/api/v1/namespaces"
        let first = try await page(path, session, size: 2)
        let all = try await page(path, session, size: 500)
        #expect(all.continuation == nil && all.remainingCount == nil)
        let count = try all.items().count
        // Servers such as 1.20 do not say how many remain.
        #expect(count > 2 && first.remainingCount != 0)
        var found = try first.items().map(\.metadata.name)
        var token = first.continuation
        while let next = token {
            let page = try await page(path, session, size: 2, continuing: next)
            found += try page.items().map(\.metadata.name)
            token = page.continuation
        }
        #expect(Set(found).count == found.count && Set(found).isSuperset(of: ["default", "kube-system"]))
    }

    @Test func `a damaged message is an error, and never more`() async throws {
        let session = try await Session.admin()
        let response = try await session.client.send(
            "GET",
            "/api/v1/namespaces",
            query: [("limit", "2")],
            headers: [HTTPHeader("Accept", MetadataList.accept)],
            until: .now + .seconds(600)
        )
        let body = response.body
        #expect(body.starts(with: [0x6B, 0x38, 0x73, 0]))
        let whole = try MetadataList(body).items().map(\.metadata)
        // The last fields of the message are empty.
        for count in 0..<(body.count - 4) {
            let part = try? MetadataList(Array(body[..<count])).items().map(\.metadata)
            #expect(part != whole, "cut at \(count)")
        }
        for offset in body.indices {
            for byte: UInt8 in [0, 0x80, 0xFF] {
                var changed = body
                changed[offset] = byte
                _ = try? MetadataList(changed).items()
            }
        }
        for text in ["", "k8s", "{}", "[]", #"{"kind":"ConfigMapList","items":[]}"#] {
            #expect(throws: ProtobufReader.Damage.self, "\(text)") { try MetadataList(Array(text.utf8)) }
        }
    }

    private func page(
        _ path: String,
        _ session: Session,
        size: Int,
        continuing token: String? = nil
    ) async throws -> MetadataList {
        try await session.client.metadataPage(
            of: path,
            size: size,
            continuing: token,
            isJSON: false,
            until: .now + .seconds(600)
        )
    }

    private func read(_ path: String, _ session: Session, isJSON: Bool) async throws -> [MetadataList.Item] {
        try await session.client.metadataPage(of: path, size: 500, isJSON: isJSON, until: .now + .seconds(600)).items()
    }
}
