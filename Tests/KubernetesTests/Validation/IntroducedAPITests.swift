import TestSupport
import Testing
import YAML

@testable import Kubernetes

/// APIs that earlier versions of Kubernetes do not serve.
@Suite(.tags(.everyServer), .timeLimit(.minutes(30)))
struct IntroducedAPITests {
    @Test(arguments: [
        (
            "batch/v1", "CronJob", "1.20",
            "CronJob of 'batch/v1' exists since Kubernetes 1.21; write 'apiVersion: batch/v1beta1'"
        ),
        (
            "autoscaling/v2", "HorizontalPodAutoscaler", "1.22",
            "HorizontalPodAutoscaler of 'autoscaling/v2' exists since Kubernetes 1.23; write "
                + "'apiVersion: autoscaling/v2beta2'"
        ),
        (
            "admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "1.29",
            "ValidatingAdmissionPolicy of 'admissionregistration.k8s.io/v1' exists since Kubernetes 1.30; write "
                + "'apiVersion: admissionregistration.k8s.io/v1beta1'"
        ),
        (
            "networking.k8s.io/v1", "ServiceCIDR", "1.30",
            "ServiceCIDR of 'networking.k8s.io/v1' exists since Kubernetes 1.33; use Kubernetes 1.33 or later"
        ),
    ])
    func `an API that is newer than the server is an error`(
        apiVersion: String,
        kind: String,
        version: String,
        line: String
    ) {
        let text = "{apiVersion: \(apiVersion), kind: \(kind), metadata: {name: a}}"
        #expect(findings(in: text, version: version).problems == ["m.yaml:1:14: \(kind)/a: \(line)"])
        #expect(!findings(in: text, version: "1.36").problems.joined().contains("exists since"))
        #expect(!findings(in: text).problems.joined().contains("exists since"))
    }

    @Test(.needsAPIServer) func `a server has the stable APIs of its version and no others`() async throws {
        let client = try await Session.admin().client
        let deadline = ContinuousClock.now + .seconds(600)
        let version = KubernetesVersion(minor: try await TestCluster.minorVersion())
        for type in KubernetesSchemas.own.types where type.isStable {
            guard let introduction = IntroducedAPI.introduction(of: type) else { continue }
            let list = try? await client.object("GET", type.path, until: deadline).node["resources"]?.sequence
            let isServed = list?.contains { $0["kind"]?.string == type.kind } == true
            #expect(isServed == (introduction <= version), "\(type)")
        }
    }
}
