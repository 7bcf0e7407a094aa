import HTTP
import TestSupport
import Testing
@testable import Kubernetes

/// Lists of metadata, as protobuf and as JSON.
@Suite(.tags(.everyServer), .needsAPIServer)
struct MetadataListTests {
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
}
