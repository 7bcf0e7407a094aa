/// Objects that admission control refuses.
enum AdmissionCases {
    static let all = [
        FailureCase(
            id: "17a",
            failure: "quota exceeded",
            manifest: """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: adm-quota}}
                """,
            lines: [
                "17a.yaml:1:1: ConfigMap/adm-quota/c: refused by ResourceQuota 'q': configmaps used …of 0; raise "
                    + "the quota…: 'kubectl edit resourcequota q -n adm-quota'"
            ],
        ),
        FailureCase(
            id: "17b",
            failure: "LimitRange",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: p, namespace: adm-range}
                spec:
                  containers:
                    - name: c
                      image: x
                      securityContext: {privileged: true}
                      resources: {limits: {memory: 1Gi}}
                """,
            lines: [
                "17b.yaml:9:28: Pod/adm-range/p: refused by a LimitRange of namespace 'adm-range': maximum memory "
                    + "usage per Container is 10Mi, but limit is 1Gi; stay within the limits, or change them: "
                    + "'kubectl edit limitrange -n adm-range'"
            ],
        ),
        FailureCase(
            id: "17c",
            failure: "quota requires limits",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: p, namespace: adm-limits}
                spec:
                  containers:
                    - name: c
                      image: x
                      securityContext: {privileged: true}
                """,
            lines: [
                "17c.yaml:…: Pod/adm-limits/p: refused by ResourceQuota 'q': the containers must specify …add "
                    + "it below 'resources' of each container, or set defaults by a LimitRange in namespace "
                    + "'adm-limits'"
            ],
        ),
        FailureCase(
            id: "18a",
            failure: "webhook down",
            manifest: """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: h-down}}
                """,
            lines: [
                "18a.yaml:1:1: ConfigMap/h-down/c: webhook 'down.example.test', which must allow the object, cannot be "
                    + "asked: no answer from https://127.0.0.1:9/hook: dial tcp 127.0.0.1:9: connect: connection "
                    + "refused; start its server, or correct 'clientConfig' in ValidatingWebhookConfiguration "
                    + "'wh-down'"
            ],
            timeout: "20s",
        ),
        FailureCase(
            id: "18b",
            failure: "webhook denies",
            manifest: """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: h-deny}}
                """,
            lines: [
                "18b.yaml:1:1: ConfigMap/h-deny/c: refused by webhook 'deny.example.test': images must come from "
                    + "registry.example.org; change the manifest, or the rules of the webhook"
            ],
        ),
        FailureCase(
            id: "18c",
            failure: "webhook times out",
            manifest: """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: h-slow}}
                """,
            lines: [
                "18c.yaml:1:1: ConfigMap/h-slow/c: webhook 'slow.example.test', which must allow the object, cannot be "
                    + "asked: no answer from https://127.0.0.1:…/hook within 2s; see why its server is slow, or "
                    + "raise 'timeoutSeconds' in ValidatingWebhookConfiguration 'wh-slow'"
            ],
            timeout: "20s",
        ),
        FailureCase(
            id: "18e",
            failure: "webhook answers 500",
            manifest: """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: h-broken}}
                """,
            lines: [
                "18e.yaml:1:1: ConfigMap/h-broken/c: webhook 'broken.example.test', which must allow the object, "
                    + "cannot be asked: it does not give a usable answer: …; look into the log of its server"
            ],
            timeout: "20s",
        ),
        FailureCase(
            id: "18f",
            failure: "webhook with another CA",
            manifest: """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: h-badca}}
                """,
            lines: [
                "18f.yaml:1:1: ConfigMap/h-badca/c: webhook 'badca.example.test', which must allow the object, "
                    + "cannot be asked: the certificate from https://127.0.0.1:…/hook is not trusted (…x509: "
                    + "certificate signed by unknown authority…); set 'caBundle' in "
                    + "ValidatingWebhookConfiguration 'wh-badca' to the CA of the webhook's certificate"
            ],
        ),
        FailureCase(
            id: "18g",
            failure: "webhook with an unreadable CA",
            manifest: """
                {apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: h-pem}}
                """,
            lines: [
                "18g.yaml:1:1: ConfigMap/h-pem/c: webhook 'pem.example.test', which must allow the object, cannot be "
                    + "asked: …; set 'caBundle' in ValidatingWebhookConfiguration 'wh-pem' to …"
            ],
        ),
        FailureCase(
            id: "17d",
            failure: "ServiceAccount missing",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: p, namespace: default}
                spec:
                  serviceAccountName: nosuch
                  containers: [{name: c, image: x}]
                """,
            lines: [
                "17d.yaml:5:3: Pod/default/p: ServiceAccount 'nosuch' does not exist in namespace "
                    + "'default'; apply a manifest of the ServiceAccount before it, or correct "
                    + "'serviceAccountName'"
            ],
        ),
        FailureCase(
            id: "30a",
            failure: "Pod Security Standard",
            manifest: """
                apiVersion: v1
                kind: Pod
                metadata: {name: p, namespace: adm-standard}
                spec:
                  containers:
                    - name: c
                      image: x
                      securityContext: {privileged: true}
                """,
            versions: 25...999,
            lines: [
                "30a.yaml:8:25: Pod/adm-standard/p: refused by Pod Security Standard 'restricted:latest' of "
                    + #"namespace 'adm-standard': privileged (container "c" must not set "#
                    + #"securityContext.privileged=true), allowPrivilegeEscalation != false (container "c" must "#
                    + "set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities "
                    + #"(container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != "#
                    + #"true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile "#
                    + #"(pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" "#
                    + #"or "Localhost"); change these settings, or allow them: 'kubectl label namespace adm-standard "#
                    + "pod-security.kubernetes.io/enforce=privileged --overwrite'"
            ],
        ),
        FailureCase(
            id: "29",
            failure: "ValidatingAdmissionPolicy",
            manifest: "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: adm-policy}}",
            versions: 30...999,
            lines: [
                "29.yaml:1:1: ConfigMap/adm-policy/c: refused by ValidatingAdmissionPolicy 'adm-configmaps' (binding "
                    + "'adm-configmaps'): a label team is missing; change the manifest, or the policy"
            ],
        ),
        FailureCase(
            id: "29c",
            failure: "ValidatingAdmissionPolicy that answers 403",
            manifest: "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: adm-policy}}",
            versions: 30...999,
            lines: [
                "29c.yaml:1:1: Secret/adm-policy/s: refused by ValidatingAdmissionPolicy 'adm-secrets' (binding "
                    + "'adm-secrets'): a label team is missing; change the manifest, or the policy"
            ],
        ),
    ]

    /// A policy that ConfigMaps or Secrets of a namespace need a label.
    static func policy(on resources: String, reason: String) -> String {
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: adm-policy, labels: {adm-policy: "yes"}}
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata: {name: adm-\(resources)}
        spec:
          failurePolicy: Fail
          matchConstraints:
            resourceRules:
              - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [\(resources)]}
          validations:
            - {expression: "'team' in object.metadata.labels", message: a label team is missing, reason: \(reason)}
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicyBinding
        metadata: {name: adm-\(resources)}
        spec:
          policyName: adm-\(resources)
          validationActions: [Deny]
          matchResources: {namespaceSelector: {matchLabels: {adm-policy: "yes"}}}
        """
    }

    /// The namespaces, quotas and limits.
    static let objects = """
        {apiVersion: v1, kind: Namespace, metadata: {name: adm-quota}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: adm-limits}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: adm-range}}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: adm-standard, labels: {pod-security.kubernetes.io/enforce: restricted}}
        ---
        {apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: adm-quota}, spec: {hard: {configmaps: "0"}}}
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: q, namespace: adm-limits}
        spec: {hard: {limits.cpu: "1", limits.memory: "1Gi"}}
        ---
        apiVersion: v1
        kind: LimitRange
        metadata: {name: l, namespace: adm-range}
        spec: {limits: [{type: Container, max: {memory: 10Mi}}]}
        """

    /// A namespace whose ConfigMaps a webhook must allow.
    static func webhook(_ name: String, at url: String, authority: String, seconds: Int) -> String {
        """
        apiVersion: v1
        kind: Namespace
        metadata: {name: h-\(name), labels: {webhook: \(name)}}
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: wh-\(name)}
        webhooks:
          - name: \(name).example.test
            clientConfig: {url: "\(url)/hook", caBundle: "\(authority)"}
            rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
            namespaceSelector: {matchLabels: {webhook: \(name)}}
            admissionReviewVersions: [v1beta1]
            sideEffects: None
            timeoutSeconds: \(seconds)
            failurePolicy: Fail
        """
    }
}
