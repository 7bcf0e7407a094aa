import Base
import HTTP
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// The storage of the cluster that the tests share, for states that an API server reaches only when it is killed.
struct Etcd {
    private let url: String
    private let client: HTTPClient

    init() async throws {
        let directory = try await TestCluster.shared.value.directory
        let lines = try Files.text("\(directory)/env").split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix("NEST_ETCD=") })
        url = String(line.dropFirst("NEST_ETCD=".count))
        client = try HTTPClient()
    }

    /// Writes an object as it is, past the API server.
    func put(_ object: Node, at key: String) async throws {
        try await send("put", key, (", \"value\": \"\(base64(object.json()))\""))
    }

    /// Removes an object past the API server.
    func remove(_ key: String) async throws {
        try await send("deleterange", key, "")
    }

    private func send(_ operation: String, _ key: String, _ rest: String) async throws {
        let body = #"{"key": "\#(base64(Array("/registry/\(key)".utf8)))"\#(rest)}"#
        let request = HTTPRequest(method: "POST", url: "\(url)/v3/kv/\(operation)", body: Array(body.utf8))
        let response = try await client.send(request, deadline: .now + .seconds(600))
        try #require(response.status == 200, "\(String(decoding: response.body, as: UTF8.self))")
    }

    private func base64(_ bytes: [UInt8]) -> String { Base64.encode(bytes) }
}
