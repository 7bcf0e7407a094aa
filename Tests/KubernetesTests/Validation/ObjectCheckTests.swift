import Base
import Testing
import YAML

@testable import Kubernetes

/// What is known to be wrong with an object without a server.
@Suite(.timeLimit(.minutes(30)))
struct ObjectCheckTests {
    @Test(arguments: [
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: My_App}",
            "m.yaml:3:18: ConfigMap/My_App: field 'metadata.name': expected up to 253 lowercase letters, digits, '-' and '.', "
                + "a letter or digit at both ends, found \"My_App\"; write 'my-app'"
        ),
        (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a.b}",
            "m.yaml:3:18: Namespace/a.b: field 'metadata.name': expected up to 63 lowercase letters, digits and '-', "
                + "a letter or digit at both ends, found \"a.b\"; write 'a-b'"
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b.c}",
            "m.yaml:3:32: ConfigMap/b.c/a: field 'metadata.namespace': expected up to 63 lowercase letters, digits and '-', "
                + "a letter or digit at both ends, found \"b.c\"; write 'b-c'"
        ),
        (
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
                + "metadata: {name: gizmo.e.test}\nspec: {group: e.test, scope: Cluster, names: {plural: gizmos, kind: Gizmo}, versions: []}",
            "m.yaml:3:18: CustomResourceDefinition/gizmo.e.test: field 'metadata.name': expected 'gizmos.e.test', found "
                + "'gizmo.e.test'; a CustomResourceDefinition is named after its plural name and group"
        ),
        (
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: \(String(repeating: "c", count: 53))}",
            "m.yaml:3:18: CronJob/\(String(repeating: "c", count: 53)): field 'metadata.name': expected up to 52 "
                + "characters, as Kubernetes appends 11 to it for each Job, found 53; shorten it"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: C_1\n    image: i",
            "m.yaml:6:11: Pod/p: field 'spec.containers[0].name': expected up to 63 lowercase letters, digits and '-', "
                + "a letter or digit at both ends, found \"C_1\"; write 'c-1'"
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  lables: {}",
            "m.yaml:5:3: ConfigMap/a: field 'metadata.lables' does not exist; did you mean 'labels'?"
        ),
    ])
    func `names are checked by the kind of the object`(text: String, message: String) {
        #expect(findings(in: text).problems == [message])
    }

    @Test(arguments: [
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: 'system:Node_1'}}",
        "{apiVersion: example.test/v1, kind: Thing, metadata: {name: Any_Name}}",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a.b-c.1, annotations: {Example.COM/x: '', z: }}}",
        "{apiVersion: v1, kind: Service, metadata: {name: 1a}}",
    ])
    func `names that some server accepts are no problem`(text: String) {
        #expect(findings(in: text).problems == [])
    }

    @Test func `every label, selector and annotation is checked at its key or value`() {
        let text = """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: d
              labels:
                a b: x
                version: 1.10
                tier: -x
              annotations:
                -k: v
                enabled: true
            spec:
              selector: {matchLabels: {app: d}}
              template:
                metadata: {labels: {app: d, on: yes}}
                spec:
                  nodeSelector: {ready: true}
                  containers: [{name: c, image: i}]
            """
        let problems = findings(in: text.replacing("on: yes", with: "live: yes")).problems
        let qualified =
            "expected a name of up to 63 letters, digits, '-', '_' and '.', optionally after a DNS name and '/'"
        #expect(
            problems == [
                "m.yaml:6:5: Deployment/d: key \"a b\" of 'metadata.labels': \(qualified); write 'a-b'",
                "m.yaml:7:14: Deployment/d: field 'metadata.labels.version': expected a string, found the number 1.1; "
                    + "write it in quotes: '\"1.10\"'",
                "m.yaml:8:11: Deployment/d: field 'metadata.labels.tier': expected up to 63 letters, digits, '-', '_' and '.', "
                    + "a letter or digit at both ends, found \"-x\"; write 'x'",
                "m.yaml:10:5: Deployment/d: key \"-k\" of 'metadata.annotations': \(qualified); write 'k'",
                "m.yaml:11:14: Deployment/d: field 'metadata.annotations.enabled': expected a string, found a boolean; "
                    + "write it in quotes",
                "m.yaml:15:39: Deployment/d: field 'spec.template.metadata.labels.live': expected a string, found 'yes', "
                    + "which is the boolean true in YAML; write it in quotes: '\"yes\"'",
                "m.yaml:17:29: Deployment/d: field 'spec.template.spec.nodeSelector.ready': expected a string, found the boolean "
                    + "true; write it in quotes",
            ]
        )
    }

    @Test func `data is checked without showing secrets`() {
        let text = """
            apiVersion: v1
            kind: Secret
            metadata: {name: s}
            data:
              a: not base64!
              b: 5
            stringData: {c d: geheim, e: true}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: c}
            data: {a b: x, num: 1}
            binaryData: {f: "a"}
            """
        let key = "expected up to 253 letters, digits, '-', '_' and '.'"
        #expect(
            findings(in: text).problems == [
                "m.yaml:5:6: Secret/s: field 'data.a' is not base64: it has other characters; encode it with 'base64 -w0', "
                    + "or move it to 'stringData'",
                "m.yaml:6:6: Secret/s: field 'data.b': expected a string, found a number; write it in quotes",
                "m.yaml:7:14: Secret/s: key \"c d\" of 'stringData': \(key); write 'c-d'",
                "m.yaml:7:30: Secret/s: field 'stringData.e': expected a string, found a boolean; write it in quotes",
                "m.yaml:12:8: ConfigMap/c: key \"a b\" of 'data': \(key); write 'a-b'",
                "m.yaml:12:21: ConfigMap/c: field 'data.num': expected a string, found the number 1; write it in quotes: '\"1\"'",
                "m.yaml:13:17: ConfigMap/c: field 'binaryData.f' is base64 that is cut off; encode it with 'base64 -w0', "
                    + "or move it to 'data'",
            ]
        )
    }

    @Test(arguments: [0, 1, 2, 3]) func `the padding of base64 is no data`(excess: Int) {
        let data = Base64.encode([UInt8](repeating: 0, count: (1 << 20) + excess))
        let object = "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: \(data)}}"
        let message = excess == 0 ? nil : "the data has \((1 << 20) + excess) bytes; the limit is 1048576"
        let found = findings(in: object).problems
        #expect(found.count == (excess == 0 ? 0 : 1))
        #expect(message.map { found.first?.contains($0) == true } ?? found.isEmpty)
    }

    @Test func `sizes are compared with the limits of server and etcd`() {
        let kilobyte = String(repeating: "x", count: 1024)
        func object(_ kind: String, _ rest: String) -> String {
            "{apiVersion: v1, kind: \(kind), metadata: {name: a\(rest)}"
        }
        let data = (0..<1025).map { "k\($0): \(kilobyte)" }.joined(separator: ", ")
        #expect(
            findings(in: object("ConfigMap", "}, data: {big: \(kilobyte)\(kilobyte), \(data)}")).problems == [
                "m.yaml:1:63: ConfigMap/a: the data has 1051648 bytes; the limit is 1048576 ('big' has 2048); "
                    + "split it into several ConfigMaps"
            ]
        )
        let annotations = (0..<256).map { "k\($0): \(kilobyte)" }.joined(separator: ", ")
        #expect(
            findings(in: object("ConfigMap", ", annotations: {\(annotations)}}")).problems.first?
                .hasSuffix(
                    "ConfigMap/a: the annotations have 263058 bytes; the limit is 262144 ('k100' has 1028); "
                        + "move the value to a ConfigMap"
                ) == true
        )
        func resource(_ count: Int) -> String {
            let list = Array(repeating: kilobyte, count: count).joined(separator: ", ")
            return "{apiVersion: e.test/v1, kind: Big, metadata: {name: a}, spec: [\(list)]}"
        }
        let (problems, warnings) = findings(in: resource(1600))
        #expect(problems == [])
        #expect(
            warnings == [
                "m.yaml:1:1: Big/a: the object has 1643272 bytes; etcd refuses more than 1572864 unless "
                    + "'--max-request-bytes' is raised; split it into several objects"
            ]
        )
        #expect(findings(in: resource(3100)).problems.count == 1)
    }

    @Test func `a selector must match the labels of its own pods`() {
        let text = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: a}
            spec:
              selector:
                matchLabels: {app: web, tier: front}
                matchExpressions:
                - {key: app, operator: In, values: [api]}
                - {key: gone, operator: Exists}
              template:
                metadata: {labels: {app: webb}}
            ---
            {apiVersion: apps/v1, kind: DaemonSet, metadata: {name: b}, spec: {template: {metadata: {labels: {app: b}}, spec: {containers: []}}}}
            ---
            {apiVersion: batch/v1, kind: Job, metadata: {name: c}, spec: {selector: {matchLabels: {x: z}}, template: {spec: {restartPolicy: Never, containers: []}}}}
            """
        let pod = text.replacing("{labels: {app: webb}}", with: "{labels: {app: webb}}\n    spec: {containers: []}")
        #expect(
            findings(in: pod).problems == [
                "m.yaml:6:19: Deployment/a: field 'spec.selector.matchLabels.app': the pods' labels have \"webb\", "
                    + "so the selector does not match its own pods; write 'app: \"web\"' below 'labels:' of the template",
                "m.yaml:6:29: Deployment/a: field 'spec.selector.matchLabels.tier': the pods' labels do not have it, "
                    + "so the selector does not match its own pods; write 'tier: front' below 'labels:' of the template",
                "m.yaml:8:7: Deployment/a: field 'spec.selector.matchExpressions[0]': 'app' is not as required: the pods' "
                    + "labels have 'webb', so the selector does not match its own pods; correct 'labels:' of the template",
                "m.yaml:9:7: Deployment/a: field 'spec.selector.matchExpressions[1]': 'gone' is not there: the pods' labels "
                    + "do not have it, so the selector does not match its own pods; correct 'labels:' of the template",
                "m.yaml:14:67: DaemonSet/b: field 'spec.selector' is missing; "
                    + "write 'selector: {matchLabels: {app: \"b\"}}' below 'spec:'",
            ]
        )
    }

    @Test func `mounts, lists with keys and quantities of pods are checked`() {
        let text = """
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: a}
            spec:
              selector: {matchLabels: {app: a}}
              volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 10GB}}}}]
              template:
                metadata: {labels: {app: a}}
                spec:
                  volumes: [{name: config}, {name: config}]
                  containers:
                  - name: c
                    image: i
                    env: [{name: A, value: "1"}, {name: B}, {name: A, value: "2"}]
                    ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}, {containerPort: 80, protocol: TCP}]
                    resources: {limits: {memory: 1GiB, cpu: 0.5}, requests: {cpu: 500 m}}
                    volumeMounts:
                    - {name: data, mountPath: /a}
                    - {name: confg, mountPath: /b}
                    - {name: other, mountPath: /a}
            """
        #expect(
            findings(in: text).problems == [
                "m.yaml:19:18: StatefulSet/a: field 'spec.template.spec.containers[0].volumeMounts[1].name': "
                    + "the pod has no volume 'confg'; did you mean 'config'?",
                "m.yaml:20:18: StatefulSet/a: field 'spec.template.spec.containers[0].volumeMounts[2].name': "
                    + "the pod has no volume 'other'; write it below 'volumes:' of the pod",
                "m.yaml:10:33: StatefulSet/a: field 'spec.template.spec.volumes' has more than one item [name=\"config\"], "
                    + "the first at m.yaml:10:17; remove one of them",
                "m.yaml:14:49: StatefulSet/a: field 'spec.template.spec.containers[0].env' has more than one item "
                    + "[name=\"A\"], the first at m.yaml:14:15; remove one of them",
                "m.yaml:15:74: StatefulSet/a: field 'spec.template.spec.containers[0].ports' has more than one item "
                    + "[containerPort=80,protocol=\"TCP\"], the first at m.yaml:15:17; remove one of them",
                "m.yaml:20:11: StatefulSet/a: field 'spec.template.spec.containers[0].volumeMounts' has more than one item "
                    + "[mountPath=\"/a\"], the first at m.yaml:18:11; remove one of them",
                "m.yaml:16:38: StatefulSet/a: field 'spec.template.spec.containers[0].resources.limits.memory': "
                    + "expected a quantity, found \"1GiB\"; write '1Gi'",
                "m.yaml:16:71: StatefulSet/a: field 'spec.template.spec.containers[0].resources.requests.cpu': "
                    + "expected a quantity, found \"500 m\"; write '500m'",
                "m.yaml:6:90: StatefulSet/a: field 'spec.volumeClaimTemplates[0].spec.resources.requests.storage': "
                    + "expected a quantity, found \"10GB\"; write '10G'",
            ]
        )
    }

    @Test(arguments: [
        ("v1", "Deployment", "1:14", "there is no kind 'Deployment' in 'v1'; write 'apiVersion: apps/v1'"),
        ("apps/v1", "Deploymnet", "1:29", "there is no kind 'Deploymnet' in 'apps/v1'; did you mean 'Deployment'?"),
        ("app/v1", "DaemonSet", "1:14", "there is no API group 'app'; write 'apiVersion: apps/v1'"),
        (
            "rbac.authorizatoin.k8s.io/v1", "RoleBinding", "1:14",
            "there is no kind 'RoleBinding' in API group 'rbac.authorizatoin.k8s.io'; "
                + "write 'apiVersion: rbac.authorization.k8s.io/v1'"
        ),
        ("v2", "Service", "1:14", "there is no API version 'v2' without a group; write 'apiVersion: v1'"),
    ])
    func `kinds that no server has are reported`(apiVersion: String, kind: String, place: String, message: String) {
        let problems = findings(in: "{apiVersion: \(apiVersion), kind: \(kind), metadata: {name: a}}").problems
        #expect(problems.first == "m.yaml:\(place): \(kind)/a: \(message)")
    }

    @Test(arguments: [
        ("gateway.networking.k8s.io/v1", "Gateway"), ("snapshot.storage.k8s.io/v1", "VolumeSnapshot"),
        ("networking.x-k8s.io/v1", "NetworkPolicy"), ("metrics.k8s.io/v1beta1", "NodeMetrics"),
    ])
    func `kinds of other groups may exist`(apiVersion: String, kind: String) {
        #expect(findings(in: "{apiVersion: \(apiVersion), kind: \(kind), metadata: {name: a}}").problems == [])
    }

    @Test(arguments: [
        (
            "networking.k8s.io/v1", "Ingress",
            "{rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {serviceName: a, servicePort: 80}}]}}]}",
            "write 'service: {name: NAME, port: {number: PORT}}' for 'serviceName' and 'servicePort'"
        ),
        ("networking.k8s.io/v1", "Ingress", "{backend: {service: {name: a}}}", "write 'defaultBackend'"),
        (
            "apiextensions.k8s.io/v1", "CustomResourceDefinition",
            "{group: a.b, names: {kind: A, plural: as}, scope: Cluster, validation: {}, versions: []}",
            "move its 'openAPIV3Schema' to 'schema' of each item of 'versions'"
        ),
        (
            "autoscaling/v2", "HorizontalPodAutoscaler",
            "{scaleTargetRef: {kind: Deployment, name: a}, maxReplicas: 2, metrics: [{type: Resource, resource: {name: cpu, "
                + "targetAverageUtilization: 80}}]}",
            "write 'target: {type: Utilization, averageUtilization: PERCENT}'"
        ),
    ])
    func `a field that has another form in a later version names it`(
        apiVersion: String,
        kind: String,
        spec: String,
        hint: String
    ) {
        let problems = findings(in: "{apiVersion: \(apiVersion), kind: \(kind), metadata: {name: a}, spec: \(spec)}")
            .problems
        #expect(problems.contains { $0.hasSuffix("' does not exist; \(hint)") }, "\(problems)")
    }

    /// Names of the same pod: what is declared and used nowhere, beside what is used and declared nowhere.
    @Test func `a label or volume that is misspelt where it is declared is reported there`() {
        let text = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: web, labels: {app.kubernetes.io/name: web}}
            spec:
              selector: {matchLabels: {app.kubernetes.io/name: web}}
              template:
                metadata: {labels: {app.kubernetes.io/naem: web}}
                spec:
                  containers:
                  - {name: a, image: i, volumeMounts: [{name: config, mountPath: /a}]}
                  - {name: b, image: i, volumeMounts: [{name: config, mountPath: /a}]}
                  volumes: [{name: confg, emptyDir: {}}]
            """
        #expect(
            findings(in: text).problems == [
                "m.yaml:7:25: Deployment/web: 'app.kubernetes.io/naem' in the pods' labels is 'app.kubernetes.io/name' in the "
                    + "selector, so it does not match its own pods; write 'app.kubernetes.io/name'",
                "m.yaml:12:24: Deployment/web: volume 'confg' is not mounted, and 'config' is mounted 2 times without being a "
                    + "volume of the pod; write 'config'",
            ]
        )
    }
}
