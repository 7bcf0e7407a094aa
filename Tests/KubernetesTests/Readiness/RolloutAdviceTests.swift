import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Messages about rollouts that do not finish: the place in the manifest, the cause and the advice.
@Suite(.timeLimit(.minutes(30)))
struct RolloutAdviceTests {
    private static let manifest = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: w, namespace: "n"}
        spec:
          paused: true
          template:
            spec:
              hostNetwork: true
              serviceAccountName: a
              nodeSelector: {disk: fast}
              volumes:
                - name: host
                  hostPath: {path: /}
              containers:
                - name: web
                  image: x
                  resources: {}
                - name: side
                  image: z
                  ports: [{containerPort: 80, hostPort: 80}]
        """

    private static func advice(_ reason: String, _ cause: ReadinessCause? = nil) throws -> ReadinessAdvice {
        let manifest = try #require(try manifests(manifest).first)
        let object = UnreadyObject(identity: manifest.identity, reason: reason, cause: cause)
        return ReadinessAdvice(for: object, as: manifest, task: "t")
    }

    @Test(arguments: [
        ("failed quota: q: must specify limits.memory for: web", "17:11"),
        ("failed quota: q: must specify limits.cpu for: side; limits.memory for: web", "18:11"),
        ("failed quota: q: must specify limits.memory", "14:7"),
        (#"violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true, hostPID=true)"#, "8:7"),
        (#"violates PodSecurity "baseline:latest": hostPath volumes (volume "host")"#, "12:11"),
        (#"violates PodSecurity "baseline:latest": hostPort (container "side" uses hostPort 80)"#, "20:39"),
        (
            #"violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (containers "web", "side" "#
                + "must set securityContext.allowPrivilegeEscalation=false)", "15:11"
        ),
        (#"serviceaccount "a" not found"#, "9:7"),
        ("pod 'p': container 'side' is waiting: ErrImagePull: no such image", "19:11"),
        ("it is paused (updated replicas: 0 of 1)", "5:3"),
    ])
    func `a field that the cause names gives the place`(words: String, place: String) throws {
        #expect(try Self.advice(words).location?.description == "m.yaml:\(place)", "\(words)")
    }

    @Test func `a cause without a field has no place of its own, and no advice that does not help`() throws {
        let advice = try Self.advice("available replicas: 0 of 1")
        #expect(advice.location == nil)
        #expect(advice.text == nil)
    }

    @Test func `a violation of a Pod Security Standard gets the command that allows it`() throws {
        #expect(
            try Self.advice(#"violates PodSecurity "baseline:latest": host namespaces (hostPID=true)"#).text
                == "change these settings, or allow them: 'kubectl label namespace n "
                + "pod-security.kubernetes.io/enforce=privileged --overwrite'"
        )
    }

    @Test(arguments: [
        (
            "{disk: fast}", "{disk: Fast}", "none with label 'disk=fast': node 'a' has 'disk=Fast'",
            "nodeSelector.disk",
            "did you mean 'disk: Fast'?"
        ),
        (
            "{disk: fast}", "{disks: fast}", "none with label 'disk=fast': node 'a' has 'disks=fast'",
            "nodeSelector.disk", "did you mean 'disks: fast'?"
        ),
        (
            "{disk: fast}", "{disk: rotating}", "none with label 'disk=fast': there is 'disk=rotating'",
            "nodeSelector.disk", "add this label to a node, or correct 'nodeSelector'"
        ),
        (
            "{kubernetes.io/arch: riscv}", "{kubernetes.io/arch: amd64}",
            "none with label 'kubernetes.io/arch=riscv': there is 'kubernetes.io/arch=amd64'",
            "nodeSelector.kubernetes.io/arch", "correct 'nodeSelector'"
        ),
        (
            "{node-role.kubernetes.io/ingress: ''}", "{}", "none with label 'node-role.kubernetes.io/ingress='",
            "nodeSelector.node-role.kubernetes.io/ingress", "add this label to a node, or correct 'nodeSelector'"
        ),
    ])
    func `labels that no node has are compared with those that nodes have`(
        selector: String,
        labels: String,
        words: String,
        field: String,
        hint: String,
    ) throws {
        let item = try node("{metadata: {name: a, labels: \(labels)}}")
        let workload = try node("{spec: {template: {spec: {nodeSelector: \(selector)}}}}")
        let mismatch = try #require(NodeEligibility(of: [item], for: workload).mismatch)
        #expect(mismatch == ReadinessCause(words: words, podField: field, hint: hint))
    }

    @Test(arguments: [
        (#"(combined from similar events): Error creating: pods "w-1" is forbidden"#, #"pods "w-1" is forbidden"#),
        (#"Error creating: pods "w-1" is forbidden"#, #"pods "w-1" is forbidden"#),
        ("Error: ImagePullBackOff", "Error: ImagePullBackOff"),
    ])
    func `the words before the cause of an event are left out`(message: String, shown: String) throws {
        let event = Node.mapping([("message", .string(message))])
        #expect(RolloutDiagnosis.message(of: event) == shown)
    }
}

/// Requests about a Deployment whose rollout does not finish.
@Suite(.timeLimit(.minutes(30)))
struct DeploymentDiagnosisTests {
    private static let apps = "/apis/apps/v1/namespaces/n"

    /// A server with one Deployment, an older ReplicaSet that could not create pods, and a newer one.
    private static func server(_ deployment: String, newest: String = "{}") throws -> FakeAPIServer {
        try FakeAPIServer { request in
            let path = request.target.prefix { $0 != "?" }
            switch path {
            case "\(apps)/deployments/w": return FakeAPIServer.json(200, deployment)
            case "\(apps)/deployments":
                return FakeAPIServer.json(200, #"{"metadata":{"resourceVersion":"1"},"items":[\#(deployment)]}"#)
            case "\(apps)/replicasets":
                let failed = #"{"conditions":[{"type":"ReplicaFailure","status":"True","reason":"FailedCreate"}]}"#
                let items = [("9", "old", failed), ("10", "new", newest)].map { revision, hash, status in
                    #"{"metadata":{"name":"w-\#(hash)","ownerReferences":[{"uid":"u"}],"labels":{"#
                        + #""pod-template-hash":"\#(hash)"},"annotations":{"deployment.kubernetes.io/revision":"#
                        + #""\#(revision)"}},"status":\#(status)}"#
                }
                return FakeAPIServer.json(200, #"{"items":[\#(items.joined(separator: ","))]}"#)
            case "/api/v1/namespaces/n/pods", "/api/v1/namespaces/n/events":
                return FakeAPIServer.json(200, #"{"items":[]}"#)
            default: return nil
            }
        }
    }

    private static func deployment(spec: String, status: String) -> String {
        #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"n","uid":"u","generation":2},"#
            + #""spec":{"selector":{"matchLabels":{"app":"w"}},\#(spec)},"status":{"observedGeneration":2,\#(status)}}"#
    }

    private static let identity = ObjectIdentity(
        type: .init(apiVersion: "apps/v1", kind: "Deployment"),
        namespace: "n",
        name: "w"
    )

    @Test func `a failure of an older ReplicaSet and its pods do not count`() async throws {
        let failure = #"{"type":"ReplicaFailure","status":"True","reason":"FailedCreate","message":"old"}"#
        let live = Self.deployment(spec: #""replicas":1"#, status: #""conditions":[\#(failure)]"#)
        let fake = try Self.server(live)
        let object = UnreadyObject(identity: Self.identity, reason: "replicas: 0 of 1 (FailedCreate: old)")
        let session = try fake.session()
        let diagnosis = RolloutDiagnosis(client: session.client, deadline: .now + .seconds(1000))
        let causes = await diagnosis.causes(of: [object])
        #expect(causes[object] == ReadinessCause(reason: "replicas: 0 of 1"))
        let pods = fake.requests("GET /api/v1/namespaces/n/pods")
        #expect(pods.count == 1 && pods[0].contains("pod-template-hash%3Dnew"), "\(pods)")
    }

    @Test func `a Deployment that is paused before it has its pods is not waited for`() async throws {
        let live = Self.deployment(spec: #""replicas":2,"paused":true"#, status: #""replicas":2,"updatedReplicas":0"#)
        let fake = try Self.server(live)
        let rollout = Rollout(
            client: try fake.session().client,
            minimumNodeCount: 1,
            task: "t",
            retryPolicy: RetryPolicy(deadline: .now + .seconds(100_000), gracePeriod: .milliseconds(300)) { _ in },
            diagnosisInterval: .milliseconds(10),
        )
        let error = await #expect(throws: Problem.self) {
            try await rollout.wait(for: [
                AwaitedObject(Self.identity, at: .init(file: "t.yaml", position: .init(line: 3, column: 1)))
            ])
        }
        #expect(
            error?.description
                == "t.yaml:3:1: Deployment/n/w cannot become ready: it is paused (updated replicas: 0 of 2); "
                + "resume it: 'kubectl rollout resume deployment w -n n'"
        )
        fake.server.stop()
    }

    @Test(arguments: [
        (#""replicas":1,"updatedReplicas":1"#, false), (#""replicas":3,"updatedReplicas":1"#, true),
        (#""replicas":2,"updatedReplicas":2"#, false),
    ])
    func `a paused Deployment may still be scaled`(status: String, isStuck: Bool) throws {
        let live = try node(Self.deployment(spec: #""replicas":2,"paused":true"#, status: status))
        #expect(LiveObject(live, type: nil, now: .now()).isStuckPaused == isStuck)
    }
}
