import Base
import Glibc
import Host

@testable import HTTP
@testable import Kubernetes
@testable import Planning
@testable import Reporting

/// What is given to each parser, by the name of the target.
let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "yaml": checkYAML,
    "taskfile": checkTaskFile,
    "manifest": checkManifest,
    "kubeconfig": { _ = try? Kubeconfig($0, path: "kubeconfig") },
    "reply": checkReply,
    "certificate": checkCertificate,
    "record": checkRecord,
]

/// What is read is the same after it was written as JSON, and can be written as YAML.
@Sendable private func checkYAML(_ bytes: [UInt8]) {
    guard let documents = try? readDocuments(bytes, file: "fuzz") else { return }
    for root in documents.compactMap(\.root) {
        _ = root.yamlLines()
        precondition((try? readJSON(root.json(), file: "json")) == root, "its own JSON is another value")
    }
}

/// A plan that was read becomes units and drawings.
@Sendable private func checkTaskFile(_ bytes: [UInt8]) {
    let file = SourceFile(path: "/etc/nest-bootstrap/bootstrap.yaml", bytes: bytes)
    let node = NodeFacts(hostName: "node", role: "control-plane", environmentRole: nil)
    let (declarations, problems) = readDeclarationsWithProblems([file], node: node)
    guard problems.isEmpty else { return }
    let plan = declarations.plan
    _ = plan.units(ProgramInvocation(program: "/usr/bin/nest-bootstrap", taskFiles: [file.path]))
    _ = plan.renderText(columns: 80)
    _ = plan.renderDOT()
    _ = plan.renderMermaid()
    _ = plan.renderJSON()
}

/// Objects are checked against the schemas of Kubernetes, and against the definitions among them.
@Sendable private func checkManifest(_ bytes: [UInt8]) {
    let file = ManifestFile(bytes, file: "fuzz")
    let check = ObjectCheck(definitionsIn: file.manifests)
    for manifest in file.manifests {
        _ = check.problems(in: manifest)
        _ = Readiness(of: manifest.root, type: manifest.identity.type)
    }
    var access = RequiredAccess(definitionsOf: file.manifests)
    for manifest in file.manifests { access.apply(manifest) }
    _ = access.objects(user: "user", name: "name")
}

/// A refusal and its parts.
@Sendable private func checkReply(_ bytes: [UInt8]) {
    let response = HTTPResponse(status: 422, headers: [], body: bytes)
    let status = ServerStatus(response)
    _ = RefusalKind(status)
    for cause in status.causes {
        _ = FieldPath(cause.field)
    }
}

@Sendable private func checkCertificate(_ bytes: [UInt8]) {
    LibCrypto.prepare()
    for certificate in (try? Certificate.read(pem: bytes)) ?? [] {
        _ = "\(certificate) \(certificate.keyType) \(certificate.purposes) \(certificate.allowsSigning)"
        precondition((try? Certificate.read(pem: Array(certificate.pem.utf8))) == [certificate], "PEM has all bytes")
    }
    if let certificate = try? Certificate(der: bytes) { _ = "\(certificate)" }
    _ = try? PrivateKey.read(pem: bytes)
    _ = try? PrivateKey(pem: SecretBytes(copying: bytes)).pem()
}

/// A record that was read is the same after it was written.
@Sendable private func checkRecord(_ bytes: [UInt8]) {
    guard let record = stateValue(TaskRecord.self, from: bytes) else { return }
    let again = stateValue(TaskRecord.self, from: stateFile(record))
    precondition(again == record, "the record is another one after it was written")
    let counts = record.counts
    _ = counts.created + counts.changed + counts.deleted + counts.unchanged + counts.failed
}
