import Base
import TestSupport
import Testing
import YAML

@testable import Kubernetes

/// The behaviour of servers by their version: the table, the document that has it, and the servers themselves.
@Suite(.tags(.everyServer), .timeLimit(.minutes(30)))
struct VersionFactTests {
    @Test func `a fact holds between its first and its last version`() {
        let old = VersionFact.sharedEntries
        #expect(old.holds(on: KubernetesVersion(minor: 20)) && old.holds(on: KubernetesVersion(minor: 21)))
        #expect(!old.holds(on: KubernetesVersion(minor: 22)))
        #expect(VersionFact.mutatingPolicies.holds(onServer: "v1.31.4") == false)
        #expect(VersionFact.mutatingPolicies.holds(onServer: "v1.32.0-rc.1+k3s1") == true)
        #expect(VersionFact.mutatingPolicies.holds(onServer: "main") == nil)
    }

    @Test func `docs/compatibility.md has the table`() throws {
        let document = try Files.text("\(TestCluster.sourceRoot)/docs/compatibility.md")
        let sections = document.split(separator: "\n## ")
        let section = try #require(sections.first { $0.hasPrefix("What differs\n") })
        // The first two lines of the table are its heading.
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2).map(String.init)
        let expected = VersionFact.all.map { fact in
            let until = fact.last.map { "until \($0)" } ?? "on"
            let versions = fact.first.map { "\($0) \(until)" } ?? until
            return "| \(versions) | \(fact.behaviour) | \(fact.handling) |"
        }
        #expect(rows == expected, "\(expected.joined(separator: "\n"))")
    }

    /// A request that shows whether a server has a behaviour.
    struct Probe: Sendable, CustomTestStringConvertible {
        let fact: VersionFact
        let name: String
        /// Asks the server.
        let hasBehaviour: @Sendable (APIClient) async throws -> Bool
        var testDescription: String { name }
    }

    @Test(.needsAPIServer, arguments: probes)
    func `a server behaves as the table says`(_ probe: Probe) async throws {
        let client = try await Session.admin().client
        let version = KubernetesVersion(minor: try await TestCluster.minorVersion())
        #expect(try await probe.hasBehaviour(client) == probe.fact.holds(on: version), "\(version)")
    }

    /// The facts that a few requests show, with a Deployment without pods as the only object that stays.
    static let probes = [
        Probe(fact: .sharedEntries, name: "sharedEntries") { client in
            let path = "/apis/apps/v1/namespaces/default/deployments/version-fact"
            let container = "{name: c, image: i}"
            let template = "{metadata: {labels: {v: f}}, spec: {containers: [\(container)]}}"
            let spec = "{paused: true, replicas: 0, selector: {matchLabels: {v: f}}, template: \(template)}"
            let manifest = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: version-fact}, spec: \(spec)}"
            _ = try await client.apply(manifest, to: path, manager: "one")
            let patch = Array(#"{"spec":{"replicas":2}}"#.utf8)
            let type = "application/merge-patch+json"
            let until = ContinuousClock.now + .seconds(600)
            let scale = "\(path)/scale"
            _ = try await client.object("PATCH", scale, body: patch, contentType: type, until: until)
            let object = try await client.object("GET", path, until: until).node
            _ = try await client.object(
                "PATCH",
                scale,
                body: Array(#"{"spec":{"replicas":0}}"#.utf8),
                contentType: type,
                until: until
            )
            let entries = object["metadata"]?["managedFields"]?.sequence ?? []
            return !entries.contains { $0["subresource"]?.string == "scale" }
        },
        Probe(fact: .ignoredFieldValidation, name: "ignoredFieldValidation") { client in
            let body = #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"version-fact-2"},"dada":{"a":"1"}}"#
            return try await client.creates(body, at: "/api/v1/namespaces/default/configmaps") != nil
        },
        Probe(fact: .oldJobLabels, name: "oldJobLabels") { client in
            let template = #"{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}"#
            let body =
                #"{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"version-fact"},"spec":{"template":\#(template)}}"#
            let job = try await client.creates(body, at: "/apis/batch/v1/namespaces/default/jobs")
            let labels = job?["spec"]?["template"]?["metadata"]?["labels"]
            return labels?["batch.kubernetes.io/job-name"] == nil
        },
        Probe(fact: .validationRules, name: "validationRules") { client in
            let rules = #""x-kubernetes-validations":[{"rule":"true"}]"#
            let definition = try await client.defines(#"{"type":"object",\#(rules)}"#)
            let schema = definition?["spec"]?["versions"]?.sequence?.first?["schema"]?["openAPIV3Schema"]
            return schema?["x-kubernetes-validations"] != nil
        },
        Probe(fact: .unnamedEnumerations, name: "unnamedEnumerations") { client in
            let until = ContinuousClock.now + .seconds(600)
            let schema = try await client.object("GET", "/openapi/v2", until: until).node["definitions"]
            let policy = schema?["io.k8s.api.core.v1.Container"]?["properties"]?["imagePullPolicy"]
            return policy?["enum"] == nil
        },
        Probe(fact: .validatingPolicies, name: "validatingPolicies") { client in
            let path = "/apis/admissionregistration.k8s.io/v1"
            let list = try await client.object("GET", path, until: .now + .seconds(600)).node["resources"]?.sequence
            return list?.contains { $0["kind"]?.string == "ValidatingAdmissionPolicy" } == true
        },
    ]
}

extension APIClient {
    /// Applies a manifest as some manager.
    fileprivate func apply(_ manifest: String, to path: String, manager: String) async throws -> Node {
        let query = [("fieldManager", manager)]
        return try await object("PATCH", path, query: query, body: Array(manifest.utf8), until: .now + .seconds(600))
            .node
    }

    /// Sends an object without creating it; returns what would be created, `nil` if the server refuses it.
    fileprivate func creates(_ body: String, at path: String) async throws -> Node? {
        let query = [("fieldValidation", "Strict"), ("dryRun", "All")]
        let until = ContinuousClock.now + .seconds(600)
        do {
            let type = "application/json"
            return try await object("POST", path, query: query, body: Array(body.utf8), contentType: type, until: until)
                .node
        } catch APIError.refused(let refusal) where [400, 422].contains(refusal.code) {
            return nil
        }
    }

    /// Sends a CustomResourceDefinition with a schema without creating it.
    fileprivate func defines(_ schema: String) async throws -> Node? {
        let version = #"{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":\#(schema)}}"#
        let names = #"{"kind":"Fact","plural":"facts"}"#
        let spec = #"{"group":"version.test","scope":"Cluster","names":\#(names),"versions":[\#(version)]}"#
        let head = #""apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition""#
        let query = [("dryRun", "All")]
        let body = Array(#"{\#(head),"metadata":{"name":"facts.version.test"},"spec":\#(spec)}"#.utf8)
        let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        let until = ContinuousClock.now + .seconds(600)
        return try await object("POST", path, query: query, body: body, contentType: "application/json", until: until)
            .node
    }
}
