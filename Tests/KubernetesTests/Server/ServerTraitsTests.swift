import TestSupport
import Testing
@testable import Kubernetes

/// Traits of a server that decide about an apply, and the requests that change them.
@Suite(.timeLimit(.minutes(30)))
struct ServerTraitsTests {
    private static let admission = "/apis/admissionregistration.k8s.io/v1"

    @Test func `the versions that a server emulates and is compatible with belong to its version`() async throws {
        func version(_ fields: String) async throws -> String {
            let fake = try FakeAPIServer { request in
                switch request.target.prefix(while: { $0 != "?" }) {
                case "/version": FakeAPIServer.json(200, #"{"gitVersion":"v1.30.0","gitCommit":"c"\#(fields)}"#)
                case "\(Self.admission)/mutatingwebhookconfigurations": FakeAPIServer.json(200, #"{"items":[]}"#)
                default: nil
                }
            }
            return try await ServerTraits(of: try fake.session().client, until: .now + .seconds(600)).version
        }
        let emulated = #","emulationMajor":"1","emulationMinor":"29""#
        let versions = [
            try await version(""), try await version(emulated),
            try await version(emulated.replacing("29", with: "30")),
            try await version(#"\#(emulated),"minCompatibilityMajor":"1","minCompatibilityMinor":"28""#),
            try await version(#"\#(emulated),"minCompatibilityMajor":"1","minCompatibilityMinor":"29""#),
        ]
        #expect(Set(versions).count == versions.count, "\(versions)")
        #expect(versions[0] == "v1.30.0 c    ")
    }

    @Test(arguments: [
        ("/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/p", true, false),
        ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/c/status", false, true),
        ("/apis/apps/v1/namespaces/ns/deployments/apiextensions.k8s.io", false, false),
    ])
    func `webhooks, policies and definitions are known by their group`(
        path: String,
        isAdmission: Bool,
        isDefinition: Bool
    ) {
        let changes = TraitChanges()
        changes.recordWrite(to: path)
        #expect((changes.generations.admission > 0) == isAdmission)
        #expect((changes.generations.definitions > 0) == isDefinition)
        let before = changes.generations
        changes.recordTask()
        #expect(changes.generations.admission > before.admission)
        #expect(changes.generations.definitions > before.definitions)
    }
}
