import Base
import TestSupport
import Testing
import YAML
@testable import Kubernetes

/// Messages about objects that are refused because of other objects or of one changed field.
@Suite(.timeLimit(.minutes(30)))
struct MissingObjectTests {
    private static let group = "rbac.authorization.k8s.io"

    private static func binding(_ reference: String, name: String = "b") -> String {
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: \(name), namespace: ns}
        roleRef:
          apiGroup: rbac.authorization.k8s.io
        \(reference)
        """
    }

    private static func status(_ code: Int, _ message: String, details: String = "{}") -> LoopbackServer.Reply {
        let reason = code == 404 ? "NotFound" : "Forbidden"
        let message = message.replacing("\"", with: "\\\"")
        return FakeAPIServer.json(
            code,
            #"{"kind":"Status","code":\#(code),"reason":"\#(reason)","message":"\#(message)","details":\#(details)}"#
        )
    }

    /// A server with the kinds of RBAC that refuses every write.
    private static func server(
        refusal: LoopbackServer.Reply,
        roles: LoopbackServer.Reply = FakeAPIServer.json(200, #"{"items":[{"metadata":{"name":"edit"}}]}"#)
    ) throws -> FakeAPIServer {
        try FakeAPIServer { request in
            if request.method == "PATCH" { return refusal }
            switch request.target.prefix(while: { $0 != "?" }) {
            case "/apis/\(group)/v1":
                let list = [
                    ("clusterroles", "ClusterRole", false), ("roles", "Role", true),
                    ("rolebindings", "RoleBinding", true),
                ]
                let resources = list.map { #"{"name":"\#($0)","kind":"\#($1)","namespaced":\#($2)}"# }
                return FakeAPIServer.json(
                    200,
                    FakeAPIServer.resourceList("\(group)/v1", resources.joined(separator: ","))
                )
            case "/apis/\(group)/v1/clusterroles": return roles
            case "/apis/\(group)/v1/namespaces/ns/roles": return FakeAPIServer.json(200, #"{"items":[]}"#)
            default: return nil
            }
        }
    }

    private static func missing(_ resource: String, _ name: String) -> LoopbackServer.Reply {
        status(
            404,
            "\(resource).\(group) \"\(name)\" not found",
            details: #"{"name":"\#(name)","kind":"\#(resource)"}"#
        )
    }

    private static func lines(_ fake: FakeAPIServer, _ text: String) async throws -> [String] {
        try await fake.session().apply(text, retryPolicy: Session.retryPolicy(.seconds(20)))
    }

    @Test(arguments: [
        // Servers name the role, or, since some version, the role with the resource of the binding.
        ("clusterroles", "editor", "ClusterRole", "ClusterRole 'editor' does not exist; did you mean 'edit'?"),
        ("rolebindings", "editor", "ClusterRole", "ClusterRole 'editor' does not exist; did you mean 'edit'?"),
        (
            "roles", "nix", "Role",
            "Role 'nix' does not exist in namespace 'ns'; apply a manifest of the Role before it, or correct the name"
        ),
    ])
    func `a role that does not exist is named at the reference to it`(
        resource: String,
        name: String,
        kind: String,
        words: String,
    ) async throws {
        let fake = try Self.server(refusal: Self.missing(resource, name))
        let lines = try await Self.lines(fake, Self.binding("  kind: \(kind)\n  name: \(name)"))
        #expect(lines == ["m.yaml:7:3: RoleBinding/ns/b: \(words)"])
        // Another task may create it.
        #expect(fake.requests("PATCH ").count > 1)
    }

    @Test func `without permission to list roles, those of every server are compared`() async throws {
        let fake = try Self.server(
            refusal: Self.missing("clusterroles", "cluster-admn"),
            roles: Self.status(403, "cannot list")
        )
        let lines = try await Self.lines(fake, Self.binding("  kind: ClusterRole\n  name: cluster-admn"))
        #expect(
            lines == [
                "m.yaml:7:3: RoleBinding/ns/b: ClusterRole 'cluster-admn' does not exist; did you mean 'cluster-admin'?"
            ]
        )
    }

    @Test func `a role that exists is not reported as missing`() async throws {
        let fake = try Self.server(refusal: Self.missing("rolebindings", "edit"))
        let lines = try await Self.lines(fake, Self.binding("  kind: ClusterRole\n  name: edit", name: "edit"))
        #expect(lines.count == 1)
        #expect(lines.first?.contains("does not exist") == false, "\(lines)")
    }

    @Test func `a message that names no object is not read`() {
        #expect(NamedResource("the server could not find the requested resource") == nil)
        #expect(NamedResource(#"pods "a" not found"#).map { [$0.plural, $0.group, $0.name] } == ["pods", "", "a"])
    }

    @Test func `the parameters that a policy lacks are named`() async throws {
        let api = "/apis/admissionregistration.k8s.io/v1"
        let message =
            "ValidatingAdmissionPolicy 'limits' with binding 'b' denied request: failed to configure binding: no params "
            + "found for policy binding with `Deny` parameterNotFoundAction"
        let fake = try FakeAPIServer { request in
            if request.method == "PATCH" { return Self.status(422, message) }
            switch request.target.prefix(while: { $0 != "?" }) {
            case "\(api)/validatingadmissionpolicies/limits":
                return FakeAPIServer.json(200, #"{"spec":{"paramKind":{"apiVersion":"v1","kind":"ConfigMap"}}}"#)
            case "\(api)/validatingadmissionpolicybindings/b":
                return FakeAPIServer.json(200, #"{"spec":{"paramRef":{"name":"values"}}}"#)
            default: return nil
            }
        }
        let text = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d, namespace: ns}}"
        #expect(
            try await Self.lines(fake, text) == [
                "m.yaml:1:1: Deployment/ns/d: refused by ValidatingAdmissionPolicy 'limits' (binding 'b'): its parameter "
                    + "ConfigMap/ns/values does not exist; create it, or correct 'paramRef' of "
                    + "ValidatingAdmissionPolicyBinding 'b'"
            ]
        )
        #expect(fake.requests("PATCH ").count > 1)
    }

    @Test(arguments: [
        (
            "{replicas: 3, paused: false}",
            "m.yaml:4:8: Deployment/ns/d: refused by admission control: too many (field 'spec.replicas': 1 on the server, "
                + "3 here); restore the value"
        ),
        // Two fields differ, so none is known to be the cause.
        ("{replicas: 3, paused: true}", "m.yaml:1:1: Deployment/ns/d: refused by admission control: too many"),
        ("{replicas: 1, paused: false}", "m.yaml:1:1: Deployment/ns/d: refused by admission control: too many"),
    ])
    func `the only field that the manifest changes is the place of a refusal`(spec: String, line: String) async throws {
        let live =
            #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","namespace":"ns","uid":"1"},"#
            + #""spec":{"replicas":1,"paused":false,"minReadySeconds":0}}"#
        let fake = try FakeAPIServer { request in
            if request.method == "PATCH" { return Self.status(403, #"deployments "d" is forbidden: too many"#) }
            let isObject = request.target.hasPrefix("/apis/apps/v1/namespaces/ns/deployments/d")
            return isObject ? FakeAPIServer.json(200, live) : nil
        }
        let text = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d, namespace: ns}
            spec: \(spec)
            """
        #expect(try await Self.lines(fake, text) == [line])
    }
}
