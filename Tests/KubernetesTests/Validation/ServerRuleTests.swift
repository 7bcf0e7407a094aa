import Base
import TestSupport
import Testing

@testable import Kubernetes

/// Rules about fields that need no other object: what a server refuses is found without it, and nothing else.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(30)))
struct ServerRuleTests {
    private static let name =
        "a name of up to 15 lowercase letters, digits and single hyphens, with at least one letter and no hyphen at either end"

    private static let port = "expected a number from 1 to 65535, or \(name)"

    private static let base64 = "is not base64: it has other characters; write the PEM text encoded with 'base64 -w0'"

    private static func service(_ target: String) -> String {
        "{apiVersion: v1, kind: Service, metadata: {name: rules}, spec: {ports: [{port: 80, protocol: TCP, targetPort: \(target)}]}}"
    }

    private static func pod(_ probe: String) -> String {
        "{apiVersion: v1, kind: Pod, metadata: {name: rules}, "
            + "spec: {containers: [{name: c, image: i.test/i, \(probe)}]}}"
    }

    private static func policy(_ ports: String, _ direction: String = "ingress") -> String {
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: rules}, "
            + "spec: {podSelector: {}, \(direction): [{ports: [\(ports)]}]}}"
    }

    private static func ingress(_ name: String) -> String {
        let backend = "{service: {name: s, port: {name: \(name)}}}"
        return
            "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: rules}, spec: {defaultBackend: \(backend), "
            + "rules: [{http: {paths: [{path: /, pathType: Prefix, backend: \(backend)}]}}]}}"
    }

    private static func deployment(_ container: String) -> String {
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: rules}, spec: {selector: {matchLabels: {a: b}}, template: "
            + "{metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i.test/i, \(container)}], "
            + "initContainers: [{name: d, image: i.test/i}]}}}}"
    }

    private static func ports(_ ports: String) -> String {
        "{apiVersion: v1, kind: Service, metadata: {name: rules}, spec: {ports: [\(ports)]}}"
    }

    private static func selector(_ expression: String) -> String {
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: rules}, "
            + "spec: {podSelector: {matchExpressions: [\(expression)]}}}"
    }

    private static func affinity(_ expression: String) -> String {
        "{apiVersion: v1, kind: Pod, metadata: {name: rules}, spec: {containers: [{name: c, image: i.test/i}], affinity: {nodeAffinity: "
            + "{requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [\(expression)]}]}}}}}"
    }

    private static let expression = "field 'spec.podSelector.matchExpressions[0]"

    private static let nodeExpression =
        "field 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0]"

    private static func secret(_ rest: String) -> String {
        "{apiVersion: v1, kind: Secret, metadata: {name: rules}, \(rest)}"
    }

    private static func configMap(_ rest: String) -> String {
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: rules}, \(rest)}"
    }

    private static func webhooks(_ kind: String, _ bundle: String) -> String {
        "{apiVersion: admissionregistration.k8s.io/v1, kind: \(kind)WebhookConfiguration, metadata: {name: rules}, webhooks: "
            + "[{name: a.rules.test, sideEffects: None, admissionReviewVersions: [v1], "
            + "clientConfig: {url: 'https://rules.test/a', caBundle: '\(bundle)'}}]}"
    }

    /// Manifests, and the field at fault with what is said of it; `nil` for what servers accept.
    private static let cases: [(text: String, problem: String?)] = [
        (service("'8080'"), "field 'spec.ports[0].targetPort': \(port), found \"8080\"; write 8080 without quotes"),
        (service("70000"), "field 'spec.ports[0].targetPort': \(port), found 70000"),
        (service("-1"), "field 'spec.ports[0].targetPort': \(port), found -1"),
        (service("Web"), "field 'spec.ports[0].targetPort': \(port), found \"Web\""),
        (service("a--b"), "field 'spec.ports[0].targetPort': \(port), found \"a--b\""),
        (service("'0'"), "field 'spec.ports[0].targetPort': \(port), found \"0\""),
        (service("0"), nil), (service("''"), nil), (service("8080"), nil), (service("web-1"), nil),
        (
            pod("livenessProbe: {httpGet: {port: '80'}}"),
            "field 'spec.containers[0].livenessProbe.httpGet.port': \(port), found \"80\"; write 80 without quotes"
        ),
        (
            pod("readinessProbe: {tcpSocket: {port: 0}}"),
            "field 'spec.containers[0].readinessProbe.tcpSocket.port': \(port), found 0"
        ),
        (
            pod("lifecycle: {preStop: {httpGet: {port: ''}}}"),
            "field 'spec.containers[0].lifecycle.preStop.httpGet.port': \(port), found \"\""
        ),
        (pod("livenessProbe: {httpGet: {port: web}}"), nil),
        (
            pod("startupProbe: {httpGet: {path: /}}"),
            "field 'spec.containers[0].startupProbe.httpGet.port': \(port), found nothing"
        ),
        (
            pod("ports: [{name: prometheus-metrics, containerPort: 80, protocol: TCP}]"),
            "field 'spec.containers[0].ports[0].name': expected \(name), found \"prometheus-metrics\""
        ),
        (pod("ports: [{name: http, containerPort: 80, protocol: TCP}]"), nil),
        (
            deployment("lifecycle: {postStart: {tcpSocket: {port: '+80'}}}"),
            "field 'spec.template.spec.containers[0].lifecycle.postStart.tcpSocket.port': \(port), found \"+80\"; "
                + "write 80 without quotes"
        ),
        (deployment("lifecycle: {postStart: {tcpSocket: {port: 80}}}"), nil), (ingress("http"), nil),
        (
            policy("{port: '80'}", "egress"),
            "field 'spec.egress[0].ports[0].port': \(port), found \"80\"; write 80 without quotes"
        ),
        (policy("{protocol: TCP}"), nil),
        (
            policy("{port: '80'}"),
            "field 'spec.ingress[0].ports[0].port': \(port), found \"80\"; write 80 without quotes"
        ),
        (policy("{port: 80}, {port: web}"), nil),
        (
            ports("{name: a, port: 80, protocol: TCP}, {name: a, port: 80, protocol: UDP}"),
            #"field 'spec.ports' has more than one item [name="a"], the first at m.yaml:1:73; remove one of them"#
        ),
        (ports("{name: a, port: 80, protocol: TCP}, {name: b, port: 80, protocol: UDP}"), nil),
        (
            ports("{name: a, port: 80, protocol: TCP}, {port: 81, protocol: TCP}"),
            "field 'spec.ports[1].name': a Service with several ports needs a name for each; add 'name:'"
        ),
        (ports("{port: 80, protocol: TCP}"), nil),
        (
            pod("ports: [{name: a, containerPort: 80, protocol: TCP}, {name: a, containerPort: 80, protocol: UDP}]"),
            #"field 'spec.containers[0].ports' has more than one item [name="a"], the first at m.yaml:1:109; "#
                + "remove one of them"
        ),
        (selector("{key: a, operator: In, values: [b]}"), nil), (selector("{key: a, operator: Exists}"), nil),
        (
            selector("{key: a, operator: In}"),
            "\(expression).values': operator 'In' needs at least one value; write 'values: [VALUE]'"
        ),
        (
            selector("{key: a, operator: DoesNotExist, values: [b]}"),
            "\(expression).values': operator 'DoesNotExist' allows no values; remove 'values'"
        ),
        (
            selector("{key: a, operator: Notin, values: [b]}"),
            "\(expression).operator': expected 'In', 'NotIn', 'Exists', 'DoesNotExist', found \"Notin\"; did you mean 'NotIn'?"
        ),
        (
            selector("{key: a b, operator: Exists}"),
            "\(expression).key': expected \(NameForm.qualified.expected), found \"a b\""
        ),
        (affinity("{key: a, operator: Gt, values: ['1']}"), nil),
        (
            affinity("{key: a, operator: Lt, values: ['1', '2']}"),
            "\(nodeExpression).values': operator 'Lt' needs exactly one value; write 'values: [VALUE]'"
        ),
        (
            selector("{key: a, operator: Gt, values: ['1']}"),
            "\(expression).operator': expected 'In', 'NotIn', 'Exists', 'DoesNotExist', found \"Gt\""
        ),
        (secret("type: kubernetes.io/tls, data: {tls.crt: ''}, stringData: {tls.key: ''}"), nil),
        (secret("type: example.test/own, data: {a: ''}"), nil), (secret("data: null"), nil),
        (secret("data: YQ=="), "field 'data': expected a mapping, found a string; write 'KEY: VALUE' below 'data:'"),
        (configMap("data: [a]"), "field 'data': expected a mapping, found a list; write 'KEY: VALUE' below 'data:'"),
        (
            configMap("data: {a: x}, binaryData: {a: eA==}"),
            "key 'a' is in 'binaryData' and in 'data' (m.yaml:1:70); remove one of them"
        ),
        (configMap("data: {a: x}, binaryData: {b: eA==}"), nil),
        (webhooks("Validating", "-----BEGIN"), "field 'webhooks[0].clientConfig.caBundle' \(base64)"),
        (webhooks("Mutating", "-----BEGIN"), "field 'webhooks[0].clientConfig.caBundle' \(base64)"),
        (
            "{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.rules.test}, spec: {group: rules.test, "
                + "version: v1, groupPriorityMinimum: 1, versionPriority: 1, service: {name: a, namespace: b}, caBundle: '--'}}",
            "field 'spec.caBundle' \(base64)"
        ),
        (
            "{apiVersion: certificates.k8s.io/v1, kind: CertificateSigningRequest, metadata: {name: rules}, "
                + "spec: {request: '-----BEGIN', signerName: rules.test/a, usages: [client auth]}}",
            "field 'spec.request' \(base64)"
        ),
    ]

    @Test(arguments: cases + accessCases + definitionCases)
    func `what servers refuse is found without one`(text: String, problem: String?) async throws {
        let found = findings(in: text).problems
        #expect(found.count == (problem == nil ? 0 : 1), "\(found)")
        if let problem, let found = found.first { #expect(found.hasSuffix(": \(problem)"), "\(found)") }
        #expect(try await isAccepted(text) == (problem == nil))
    }

    @Test func `an invalid name of a port of an Ingress is found at both places`() async throws {
        let found = findings(in: Self.ingress("Web")).problems
        #expect(
            found.count == 2 && found.allSatisfy { $0.contains("service.port.name': expected \(Self.name)") },
            "\(found)"
        )
        #expect(try await !isAccepted(Self.ingress("Web")))
    }

    @Test(arguments: [
        ("kubernetes.io/tls", "data: {tls.crt: ''}", "'tls.key'"),
        ("kubernetes.io/dockercfg", "stringData: {a: '{}'}", "'.dockercfg'"),
        ("kubernetes.io/dockerconfigjson", "stringData: {config.json: '{}'}", "'.dockerconfigjson'"),
        ("kubernetes.io/ssh-auth", "stringData: {id_rsa: x}", "'ssh-privatekey'"),
        ("kubernetes.io/basic-auth", "stringData: {user: x}", "'username' or 'password'"),
    ])
    func `keys that the type of a Secret requires may be set by others`(
        type: String,
        data: String,
        missing: String
    ) async throws {
        let text = Self.secret("type: \(type), \(data)")
        #expect(findings(in: text).problems == [])
        let words = "a Secret of type '\(type)' needs \(missing) in 'data' or 'stringData'; add \(missing)"
        #expect(
            findings(in: text).warnings.map { String($0.drop { $0 != " " }.dropFirst()) } == ["Secret/rules: \(words)"]
        )
        #expect(try await !isAccepted(text))
    }

    @Test func `the token of a ServiceAccount needs its name`() async throws {
        let text = Self.secret("type: kubernetes.io/service-account-token")
        #expect(findings(in: text).warnings.count == 1)
        #expect(try await !isAccepted(text))
    }

    @Test func `a certificate in base64 is accepted`() async throws {
        let authority = try TestAuthority()
        let bundle = Base64.encode(try Files.read(authority.certificatePath))
        for kind in ["Validating", "Mutating"] {
            #expect(findings(in: Self.webhooks(kind, bundle)).problems == [])
            #expect(try await isAccepted(Self.webhooks(kind, bundle)))
        }
    }

    /// Whether a server would create an object.
    private func isAccepted(_ text: String) async throws -> Bool {
        let (session, _) = try await Session.inNewNamespace()
        let lines = await session.apply(text, dryRunOverlay: DryRunOverlay())
        return lines.contains { $0.hasPrefix("created ") }
    }
}
