import Base
import HTTP
@testable import Kubernetes
import Testing

/// Every rule of kstatus that is kept, on objects as a server answers them.
@Suite(.timeLimit(.minutes(15)))
struct ReadinessTests {
    private func readiness(_ apiVersion: String, _ kind: String, _ rest: String, nodes: Int = 1) throws -> Readiness {
        let text = #"{"apiVersion":"\#(apiVersion)","kind":"\#(kind)",\#(rest)}"#
        let now = try #require(Timestamp(rfc3339: "2024-05-01T00:01:00Z"))
        return Readiness(of: try node(text), minimumNodeCount: nodes, now: now)
    }

    @Test(arguments: [
        (#""metadata":{"deletionTimestamp":"2024-05-01T00:00:00Z"}"#, Readiness.waiting("it is being deleted")),
        (
            #""metadata":{"generation":2},"status":{"observedGeneration":1}"#,
            .waiting("generation is 2, its controller has seen 1")
        ),
        (#""metadata":{"generation":2}"#, .ready),
        (
            #""status":{"conditions":[{"type":"Reconciling","status":"True","reason":"Busy","message":"at it"}]}"#,
            .waiting("Busy: at it")
        ),
        (
            #""status":{"conditions":[{"type":"Stalled","status":"True","reason":"S"},"#
                + #"{"type":"Reconciling","status":"True","reason":"R"}]}"#, .failed("S")
        ),
        (#""status":{"conditions":[{"type":"Stalled","status":"False","reason":"S"}]}"#, .ready),
        (#""status":{"conditions":null}"#, .ready),
        (#""spec":{}"#, .ready),
        (#""status":{"conditions":[{"type":"Ready","status":"True"}]}"#, .ready),
        (
            #""status":{"conditions":[{"type":"Ready","status":"False","reason":"Missing","message":"no pool"}]}"#,
            .waiting("Missing: no pool")
        ),
        (#""status":{"conditions":[{"type":"Ready","status":"Unknown"}]}"#, .waiting("condition Ready is Unknown")),
    ])
    func `the general rules hold for kinds without rules of their own`(rest: String, expected: Readiness) throws {
        #expect(try readiness("example.test/v1", "Widget", rest) == expected)
    }

    private static let progressing = #"{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}"#
    private static let available = #"{"type":"Available","status":"True"}"#
    private static let counts = #""replicas":2,"updatedReplicas":2,"availableReplicas":2,"readyReplicas":2"#

    @Test(arguments: [
        (#""spec":{"replicas":2},"status":{\#(counts),"conditions":[\#(available)]}"#, Readiness.ready),
        (#""status":{"replicas":1,"updatedReplicas":1}"#, .waiting("available replicas: 0 of 1")),
        (#""spec":{"replicas":0},"status":{"conditions":[\#(available)]}"#, .ready),
        (#""spec":{"replicas":2},"status":{}"#, .waiting("replicas: 0 of 2")),
        (#""spec":{"replicas":2},"status":{"replicas":2,"updatedReplicas":1}"#, .waiting("updated replicas: 1 of 2")),
        (
            #""spec":{"replicas":2},"status":{"replicas":3,"updatedReplicas":2}"#,
            .waiting("replicas still terminating: 1")
        ),
        (
            #""spec":{"replicas":2},"status":{"replicas":2,"updatedReplicas":2,"availableReplicas":1}"#,
            .waiting("available replicas: 1 of 2")
        ),
        (
            #""spec":{"replicas":2},"status":{"replicas":2,"updatedReplicas":2,"availableReplicas":2}"#,
            .waiting("ready replicas: 0 of 2")
        ),
        (
            #""spec":{"replicas":2,"progressDeadlineSeconds":600},"status":{\#(counts),"conditions":[\#(available)]}"#,
            .waiting("its ReplicaSet is not available")
        ),
        (
            #""spec":{"replicas":2,"progressDeadlineSeconds":600},"status":{\#(counts),"#
                + #""conditions":[\#(available),\#(progressing)]}"#, .ready
        ),
        (#""spec":{"replicas":2},"status":{\#(counts)}"#, .waiting("not available")),
        (
            #""status":{"conditions":[{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","#
                + #""message":"ReplicaSet \"a-1\" has timed out progressing."}]}"#,
            .failed(#"ProgressDeadlineExceeded: ReplicaSet "a-1" has timed out progressing."#)
        ),
    ])
    func `a Deployment is ready when its newest pods are`(rest: String, expected: Readiness) throws {
        #expect(try readiness("apps/v1", "Deployment", rest) == expected)
    }

    @Test(arguments: [
        (#""metadata":{"generation":1},"status":{}"#, 1, Readiness.waiting("its controller has not seen it")),
        (#""metadata":{},"status":{"observedGeneration":1}"#, 1, .waiting("its controller has not seen it")),
        (daemonSet(""), 1, .waiting("its controller has not seen it")),
        (daemonSet(#","desiredNumberScheduled":0"#), 1, .waiting("no node is eligible")),
        (daemonSet(#","desiredNumberScheduled":0"#), 0, .ready),
        (daemonSet(#","desiredNumberScheduled":1,\#(all(1))"#), 2, .waiting("eligible nodes: 1 of 2")),
        (daemonSet(#","desiredNumberScheduled":2,\#(all(2))"#), 1, .ready),
        (daemonSet(#","desiredNumberScheduled":2,"currentNumberScheduled":2"#), 1, .waiting("updated pods: 0 of 2")),
        (
            daemonSet(#","desiredNumberScheduled":2,"currentNumberScheduled":2,"updatedNumberScheduled":2"#), 1,
            .waiting("available pods: 0 of 2")
        ),
        (
            daemonSet(
                #","desiredNumberScheduled":2,"currentNumberScheduled":2,"updatedNumberScheduled":2,"numberAvailable":2"#
            ), 1, .waiting("ready pods: 0 of 2")
        ),
    ])
    func `a DaemonSet is ready when all its nodes have a pod, and there is a node`(
        rest: String,
        nodes: Int,
        expected: Readiness,
    ) throws {
        #expect(try readiness("apps/v1", "DaemonSet", rest, nodes: nodes) == expected)
    }

    private static func daemonSet(_ status: String) -> String {
        #""metadata":{"generation":1},"status":{"observedGeneration":1\#(status)}"#
    }

    private static func all(_ count: Int) -> String {
        ["currentNumberScheduled", "updatedNumberScheduled", "numberAvailable", "numberReady"]
            .map { #""\#($0)":\#(count)"# }
            .joined(separator: ",")
    }

    @Test(arguments: [
        (
            #""spec":{"updateStrategy":{"type":"OnDelete"}},"status":{"replicas":1,"readyReplicas":1,"updateRevision":"b"}"#,
            Readiness.ready
        ),
        (#""spec":{"replicas":2},"status":{"replicas":1}"#, .waiting("replicas: 1 of 2")),
        (#""spec":{"replicas":2},"status":{"replicas":2,"readyReplicas":1}"#, .waiting("ready replicas: 1 of 2")),
        (
            #""spec":{"replicas":1},"status":{"replicas":2,"readyReplicas":2}"#,
            .waiting("replicas still terminating: 1")
        ),
        (
            #""spec":{"replicas":3,"updateStrategy":{"rollingUpdate":{"partition":1}}},"#
                + #""status":{"replicas":3,"readyReplicas":3,"updatedReplicas":1}"#,
            .waiting("updated replicas: 1 of 2")
        ),
        (
            #""spec":{"replicas":3,"updateStrategy":{"rollingUpdate":{"partition":1}}},"#
                + #""status":{"replicas":3,"readyReplicas":3,"updatedReplicas":2}"#, .ready
        ),
        (#""status":{"replicas":1,"readyReplicas":1}"#, .waiting("current replicas: 0 of 1")),
        (
            #""status":{"replicas":1,"readyReplicas":1,"currentReplicas":1,"currentRevision":"a","updateRevision":"b"}"#,
            .waiting("a new revision is being rolled out")
        ),
        (
            #""status":{"replicas":1,"readyReplicas":1,"currentReplicas":1,"currentRevision":"a","updateRevision":"a"}"#,
            .ready
        ),
    ])
    func `a StatefulSet is ready when its revision is rolled out`(rest: String, expected: Readiness) throws {
        #expect(try readiness("apps/v1", "StatefulSet", rest) == expected)
    }

    @Test(arguments: [
        (
            #""status":{"conditions":[{"type":"ReplicaFailure","status":"True","reason":"FailedCreate","message":"m"}]}"#,
            Readiness.waiting("FailedCreate: m")
        ),
        (#""status":{}"#, .waiting("labelled replicas: 0 of 1")),
        (#""status":{"fullyLabeledReplicas":1}"#, .waiting("available replicas: 0 of 1")),
        (#""status":{"fullyLabeledReplicas":1,"availableReplicas":1}"#, .waiting("ready replicas: 0 of 1")),
        (#""status":{"fullyLabeledReplicas":1,"availableReplicas":1,"readyReplicas":1,"replicas":1}"#, .ready),
    ])
    func `a ReplicaSet is ready when its pods are`(rest: String, expected: Readiness) throws {
        #expect(try readiness("apps/v1", "ReplicaSet", rest) == expected)
    }

    private static let unschedulable =
        #""conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes"}]"#

    @Test(arguments: [
        (#""status":{"phase":"Succeeded"}"#, Readiness.ready),
        (#""status":{"phase":"Failed","reason":"Evicted"}"#, .failed("Evicted")),
        (#""status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}"#, .ready),
        (
            #""status":{"phase":"Running","conditions":[{"type":"Ready","status":"False","#
                + #""reason":"ContainersNotReady","message":"m"}]}"#, .waiting("ContainersNotReady: m")
        ),
        (
            #""status":{"phase":"Running","containerStatuses":["#
                + #"{"name":"b","state":{"running":{}}},{"name":"c","state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}"#,
            .failed("container 'c' is in CrashLoopBackOff")
        ),
        (#""status":{"phase":"Pending"}"#, .waiting("pending")),
        (
            #""metadata":{"creationTimestamp":"2024-05-01T00:00:50Z"},"status":{"phase":"Pending",\#(unschedulable)}"#,
            .waiting("Unschedulable: 0/1 nodes")
        ),
        (
            #""metadata":{"creationTimestamp":"2024-05-01T00:00:40Z"},"status":{"phase":"Pending",\#(unschedulable)}"#,
            .failed("Unschedulable: 0/1 nodes")
        ),
    ])
    func `a Pod is ready when it says so or has succeeded`(rest: String, expected: Readiness) throws {
        #expect(try readiness("v1", "Pod", rest) == expected)
    }

    @Test(arguments: [
        (#""status":{"conditions":[{"type":"Complete","status":"True"}]}"#, Readiness.ready),
        (
            #""status":{"conditions":[{"type":"Failed","status":"True","reason":"BackoffLimitExceeded"}]}"#,
            .failed("BackoffLimitExceeded")
        ),
        (
            #""spec":{"suspend":true},"status":{"conditions":[{"type":"Suspended","status":"True"}]}"#,
            .waiting("it is suspended")
        ),
        (#""status":{"startTime":"2024-05-01T00:00:00Z"}"#, .waiting("running")),
        (#""status":{}"#, .waiting("not started")),
    ])
    func `a Job is ready when it has completed`(rest: String, expected: Readiness) throws {
        #expect(try readiness("batch/v1", "Job", rest) == expected)
    }

    @Test(arguments: [
        (#""status":{"conditions":null}"#, Readiness.waiting("the server is installing it")),
        (
            #""status":{"conditions":[{"type":"NamesAccepted","status":"False","reason":"PluralConflict","message":"m"}]}"#,
            .failed("PluralConflict: m")
        ),
        (
            #""status":{"conditions":[{"type":"NamesAccepted","status":"True","reason":"NoConflicts"},"#
                + #"{"type":"Established","status":"False","reason":"Installing"}]}"#,
            .waiting("the server is installing it")
        ),
        (
            #""status":{"conditions":[{"type":"Established","status":"False","reason":"NotAccepted","message":"m"}]}"#,
            .failed("NotAccepted: m")
        ),
        (
            #""status":{"conditions":[{"type":"NamesAccepted","status":"True"},{"type":"Established","status":"True"}]}"#,
            .ready
        ),
    ])
    func `a definition is ready when it is established`(rest: String, expected: Readiness) throws {
        #expect(try readiness("apiextensions.k8s.io/v1", "CustomResourceDefinition", rest) == expected)
    }

    @Test(arguments: [("ShortNames", "A", Readiness.ready), ("Kind", "B", .failed("KindConflict: m"))])
    func `an established definition is ready if the server uses its names`(
        conflict: String,
        accepted: String,
        expected: Readiness,
    ) throws {
        let status = """
            "status":{"acceptedNames":{"plural":"as","kind":"\(accepted)"},"conditions":[
            {"type":"NamesAccepted","status":"False","reason":"\(conflict)Conflict","message":"m"},
            {"type":"Established","status":"True"}]}
            """
        let rest = #""spec":{"names":{"plural":"as","kind":"A","shortNames":["s"]}},"# + status
        #expect(try readiness("apiextensions.k8s.io/v1", "CustomResourceDefinition", rest) == expected)
    }

    @Test(arguments: [
        (
            "v1", "PersistentVolumeClaim", #""status":{"phase":"Pending"}"#,
            Readiness.waiting("phase is 'Pending', not 'Bound'")
        ),
        ("v1", "PersistentVolumeClaim", #""status":{"phase":"Bound"}"#, .ready),
        ("v1", "Namespace", #""status":{"phase":"Active"}"#, .ready),
        ("v1", "Namespace", #""status":{"phase":"Terminating"}"#, .waiting("phase is 'Terminating', not 'Active'")),
        ("v1", "Node", #""status":{"conditions":[{"type":"Ready","status":"True"}]}"#, .ready),
        (
            "v1", "Node",
            #""status":{"conditions":[{"type":"Ready","status":"False","reason":"KubeletNotReady","#
                + #""message":"container runtime network not ready: cni plugin not initialized"}]}"#,
            .waiting("KubeletNotReady: container runtime network not ready: cni plugin not initialized")
        ),
        ("v1", "Service", #""spec":{"type":"ClusterIP"}"#, .ready),
        ("v1", "Service", #""spec":{"type":"LoadBalancer"}"#, .waiting("it has no cluster IP yet")),
        ("v1", "Service", #""spec":{"type":"LoadBalancer","clusterIP":"10.0.0.1"}"#, .ready),
        ("v1", "ConfigMap", #""data":{}"#, .ready),
        ("batch/v1", "CronJob", #""status":{}"#, .ready),
        ("policy/v1", "PodDisruptionBudget", #""status":{}"#, .ready),
        (
            "apiregistration.k8s.io/v1", "APIService",
            #""status":{"conditions":[{"type":"Available","status":"False","reason":"MissingEndpoints"}]}"#,
            .waiting("MissingEndpoints")
        ),
        (
            "apiregistration.k8s.io/v1", "APIService",
            #""status":{"conditions":[{"type":"Available","status":"True"}]}"#, .ready
        ),
    ])
    func `other kinds have a rule each`(apiVersion: String, kind: String, rest: String, expected: Readiness) throws {
        #expect(try readiness(apiVersion, kind, rest) == expected)
    }
}
