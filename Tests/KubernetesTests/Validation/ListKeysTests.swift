import Testing

@testable import Kubernetes

/// Items that a server takes once, and fields that it alone writes.
@Suite(.timeLimit(.minutes(30)))
struct ListKeysTests {
    @Test(arguments: [
        (
            "v1", "ServiceAccount",
            "metadata: {name: a, finalizers: [x.y/z, x.y/w, x.y/z]}\nsecrets: [{name: s}, {name: s}]",
            [
                "3:48: ServiceAccount/a: field 'metadata.finalizers' has more than one item [\"x.y/z\"], the first at 3:34",
                "4:22: ServiceAccount/a: field 'secrets' has more than one item [name=\"s\"], the first at 4:11",
            ]
        ),
        (
            "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration",
            "metadata: {name: a}\nwebhooks: [{name: v, matchConditions: [{name: m}, {name: m}], sideEffects: None, "
                + "clientConfig: {url: 'https://a.test/'}, admissionReviewVersions: [v1]}]",
            [
                "4:51: ValidatingWebhookConfiguration/a: field 'webhooks[0].matchConditions' has more than one item "
                    + "[name=\"m\"], the first at 4:40"
            ]
        ),
        (
            "flowcontrol.apiserver.k8s.io/v1", "FlowSchema",
            "metadata: {name: a}\nspec: {rules: [{subjects: []}, {nonResourceRules: [{verbs: [get, get], "
                + "nonResourceURLs: ['*']}], subjects: []}], priorityLevelConfiguration: {name: b}}",
            [
                "4:66: FlowSchema/a: field 'spec.rules[1].nonResourceRules[0].verbs' has more than one item [\"get\"], "
                    + "the first at 4:61"
            ]
        ),
        (
            "v1", "Pod",
            "metadata: {name: a}\nspec: {containers: [{name: c, image: i, resources: {claims: [{name: d}, {name: d}]}}]}",
            [
                "4:73: Pod/a: field 'spec.containers[0].resources.claims' has more than one item [name=\"d\"], "
                    + "the first at 4:62"
            ]
        ),
    ])
    func `an item that a server takes once is refused twice`(
        version: String,
        kind: String,
        fields: String,
        problems: [String],
    ) throws {
        let text = "apiVersion: \(version)\nkind: \(kind)\n\(fields)\n"
        let found = findings(in: text).problems.map { $0.replacing("m.yaml:", with: "") }
        #expect(found == problems.map { "\($0); remove one of them" })
    }

    @Test func `fields that only the server writes are refused or warned of, unless they are empty`() throws {
        let empty =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, uid: '', resourceVersion: , managedFields: null}\n"
        #expect(findings(in: empty).problems + findings(in: empty).warnings == [])
        let text = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: a, uid: 1b0c, resourceVersion: "7", creationTimestamp: null, managedFields: []}
            """
        let found = findings(in: text)
        #expect(
            found.problems == [
                "m.yaml:3:79: ConfigMap/a: field 'metadata.managedFields' may be set only by the server; remove it"
            ]
        )
        #expect(
            found.warnings == [
                "m.yaml:3:21: ConfigMap/a: field 'metadata.uid' names one existing object, "
                    + "and the server refuses the manifest once that is recreated; remove it",
                "m.yaml:3:32: ConfigMap/a: field 'metadata.resourceVersion' names one state of the object, "
                    + "and the server refuses the manifest after any change; remove it",
            ]
        )
    }
}
