import HTTP
@testable import Kubernetes
import Testing
import YAML

/// Reads one YAML or JSON document of a test.
func node(_ text: String, file: String = "m.yaml") throws -> Node {
    try #require(try readDocuments(Array(text.utf8), file: file).first?.root)
}

/// Reads the manifests of a test, which must all be right.
func manifests(_ text: String, file: String = "m.yaml") throws -> [Manifest] {
    let read = ManifestFile(Array(text.utf8), file: file)
    try #require(read.diagnostics.isEmpty, "\(read.diagnostics.map(\.description))")
    return read.manifests
}

/// A reply of the API server with a `Status` in its body.
func reply(_ code: Int, _ body: String = "", headers: [HTTPHeader] = []) -> ServerStatus {
    ServerStatus(HTTPResponse(status: code, headers: headers, body: Array(body.utf8)))
}
