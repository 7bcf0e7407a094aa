import TestSupport
import Testing

/// What is printed about failures of objects, each provoked on a real API server.
@Suite(.tags(.everyServer), .needsAPIServer, .timeLimit(.minutes(30)))
struct DiagnosisTests {
    private static let immutables = Task {
        try await Diagnosis(
            ImmutableCases.all,
            name: "immutables",
            on: try await TestCluster.shared(namespace: "immutables")
        )
    }

    @Test(arguments: ImmutableCases.all)
    func `a field that cannot be changed is reported with both values and what is lost`(item: FailureCase) async throws
    {
        try await Self.immutables.value.expect(item)
    }

    private static let values = Task {
        let cluster = try await TestCluster.shared(namespace: "values")
        try await cluster.mustDefine(definition("t26"))
        return try await Diagnosis(ValueCases.all, name: "values", on: cluster)
    }

    @Test(arguments: ValueCases.all)
    func `a wrong value is reported with its place and a right one`(item: FailureCase) async throws {
        try await Self.values.value.expect(item)
    }

    private static let schemas = Task {
        let cluster = try await TestCluster.shared(namespace: "schemas")
        try await cluster.mustDefine(definition("t28b", listSchema))
        if try await cluster.isAtLeast(minor: 25) { try await cluster.mustDefine(definition("t28", ruleSchema)) }
        return try await Diagnosis(SchemaCases.all, name: "schemas", on: cluster)
    }

    @Test(arguments: SchemaCases.all)
    func `an object that does not match its schema is reported field by field`(item: FailureCase) async throws {
        try await Self.schemas.value.expect(item)
    }

    private static let absences = Task {
        let cluster = try await TestCluster.shared(namespace: "absences")
        try await cluster.mustApply(
            """
            {apiVersion: v1, kind: Namespace, metadata: {name: term31}}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: held, namespace: term31, finalizers: [example.test/held]}
            """
        )
        try await cluster.mustRunKubectl("delete", "namespace", "term31", "--wait=false")
        try await cluster.mustDefine(definition("t46").replacing("gizmos", with: "otters"))
        return try await Diagnosis(MissingCases.all, name: "absences", on: cluster)
    }

    @Test(arguments: MissingCases.all)
    func `what is missing is reported at once, and once for all objects`(item: FailureCase) async throws {
        try await Self.absences.value.expect(item)
    }

    private static let accesses = Task {
        let cluster = try await TestCluster.shared.value
        try await cluster.mustApply(weakRole)
        try await cluster.makeCertificate("diagnosis-weak", subject: "/CN=diagnosis-weak")
        let pki = cluster.credentials
        let other = try TestAuthority(subject: "/CN=another CA")
        let foreign = try other.issue("foreign", subject: "/O=system:masters/CN=old-admin")
        let admin = try Files.text(cluster.kubeconfig)
        let node = try TestNode("", in: cluster.directory + "/kubeconfigs")
        for (name, certificate, key) in [
            ("diagnosis-weak", "\(pki)/diagnosis-weak.crt", "\(pki)/diagnosis-weak.key"),
            ("diagnosis-foreign", foreign.certificatePath, foreign.keyPath),
        ] {
            let text = admin.replacing("\(pki)/kube-admin.crt", with: certificate)
                .replacing("\(pki)/kube-admin.key", with: key)
            try node.write(text, to: "../\(name).kubeconfig")
        }
        let diagnosis = try await Diagnosis(AccessCases.all, name: "accesses", on: cluster)
        // Its files are read until then.
        withExtendedLifetime(other) {}
        return diagnosis
    }

    @Test(arguments: AccessCases.all)
    func `a user who may not do it is reported with the rule to add`(item: FailureCase) async throws {
        try await Self.accesses.value.expect(item)
    }

    @Test func `objects that wait for the same permission are one line`() async throws {
        let output = try await Self.accesses.value.output
        let lines = output.split(separator: "\n").filter { $0.hasPrefix("t34d: waiting: ") }
        #expect(lines.count == 1, "\(lines.joined(separator: "\n"))")
    }

    private static let admission = Task {
        let cluster = try await TestCluster.shared.value
        let (own, other) = (try TestAuthority(), try TestAuthority())
        let certificate = try own.issue("webhook", names: ["IP:127.0.0.1"])
        let refusal = WebhookServer.refusal("images must come from registry.example.org")
        let deny = try WebhookServer(certificate, status: "200 OK", body: refusal)
        let slow = try WebhookServer(certificate, status: nil)
        let broken = try WebhookServer(certificate, status: "500 Internal Server Error", body: "out of order")
        let foreign = try WebhookServer(certificate, status: "200 OK", body: refusal)
        func bundle(_ authority: TestAuthority) throws -> String {
            base64(try Files.read(authority.certificatePath))
        }
        try await cluster.mustApply(AdmissionCases.objects)
        for (name, url, authority, seconds) in [
            ("deny", deny.url, try bundle(own), 10), ("down", "https://127.0.0.1:9", try bundle(own), 2),
            ("slow", slow.url, try bundle(own), 2), ("broken", broken.url, try bundle(own), 5),
            ("badca", foreign.url, try bundle(other), 5), ("pem", foreign.url, "Zm9v", 5),
        ] {
            let hook = AdmissionCases.webhook(name, at: url, authority: authority, seconds: seconds)
            try await cluster.mustApply(hook)
        }
        if try await cluster.isAtLeast(minor: 30) {
            try await cluster.mustApply(AdmissionCases.policy(on: "configmaps", reason: "Invalid"))
            try await cluster.mustApply(AdmissionCases.policy(on: "secrets", reason: "Forbidden"))
            // A policy is in effect some moments later.
            for kind in ["configmap", "secret generic"] {
                let create = ["create"] + kind.split(separator: " ").map(String.init)
                let isInEffect = try await becomes {
                    try await cluster.kubectl(create + ["probe", "-n", "adm-policy", "--dry-run=server"]).status != 0
                }
                try #require(isInEffect)
            }
        }
        let diagnosis = try await Diagnosis(AdmissionCases.all, name: "admission", on: cluster)
        withExtendedLifetime((deny, slow, broken, foreign)) {}
        return diagnosis
    }

    @Test(arguments: AdmissionCases.all)
    func `a refusal of admission control names what refuses, not the user`(item: FailureCase) async throws {
        try await Self.admission.value.expect(item)
    }
}
