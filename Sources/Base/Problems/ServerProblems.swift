extension ProblemExplanation {
    /// The API server.
    static let ofServers: [Self] = [
        .init(
            .serverUnreachable,
            "API server that cannot be reached",
            cause: "Nothing listens at the address, a firewall or proxy is in between, or the name has no address.",
            fix: "Start the API server, or correct 'cluster.servers' or the server of the kubeconfig.",
            example: .message("API server https://10.0.0.1:6443 cannot be reached: connection refused")
        ),
        .init(
            .serverNotReady,
            "API server that is not ready",
            cause: """
                The server answers, and says that a part of it, often etcd, does not work yet, or answers too \
                slowly.
                """,
            fix: "Wait, or look into the logs of the API server and of etcd. 'timeout' of the task limits the wait.",
            example: .message("API server https://10.0.0.1:6443 is not ready: 1 of 30 checks fails: etcd")
        ),
        .init(
            .notAnAPIServer,
            "Server that is not an API server",
            cause: """
                Something else answers at the address: a proxy, a load balancer or another service, or the server \
                expects TLS.
                """,
            fix: "Correct the server; 'curl -vk https://SERVER/readyz' shows what answers.",
            example: .message("http://10.0.0.1:6443 expects TLS; write server: https://10.0.0.1:6443 in the kubeconfig")
        ),
        .init(
            .untrustedServer,
            "Certificate of the server that is not accepted",
            cause: "The server's certificate is from another CA, is for other names, or is not valid now.",
            fix: "Name the server's CA, use one of the names of its certificate, or renew it.",
            example: .message("https://10.0.0.1:6443 shows a certificate for 'cp1', not for '10.0.0.1'")
        ),
        .init(
            .credentialsRefused,
            "Credentials that the server does not accept",
            cause: """
                The server does not know the client certificate or token of the kubeconfig: it is from another \
                cluster, has expired, or was revoked.
                """,
            fix: "Write the credentials of this cluster to the kubeconfig.",
            example: .message("API server https://10.0.0.1:6443 does not accept the client certificate 'admin'")
        ),
        .init(
            .forbidden,
            "Request that the user may not make",
            cause: "The server knows the user, and no role allows the request.",
            fix: """
                Add the rule in the message to a role of the user, or apply the roles that 'nest-bootstrap rbac' \
                prints.
                """,
            example: .message("ConfigMap/default/a: user 'node' may not patch configmaps in namespace 'default'")
        ),
        .init(
            .fieldConflict,
            "Field that another manager owns",
            cause: """
                Another program or person has set the field to another value, and server-side apply does not \
                overwrite it.
                """,
            fix: "Remove the field from the manifest, or set 'conflicts: force' or 'conflicts: keep' in the task.",
            example: .message("Deployment/default/a: field 'spec.replicas' is owned by 'kubectl-scale'")
        ),
        .init(
            .objectRefused,
            "Object that the server refuses",
            cause: "The validation of the API server refuses a field, for the reason in the message.",
            fix: "Correct the field at the place in the message.",
            example: .message(
                "Service/default/a: field 'spec.clusterIP' is refused: provided IP is not in the valid range"
            )
        ),
        .init(
            .immutableField,
            "Field that cannot be changed",
            cause: "The object exists with another value in a field that the server does not let change.",
            fix: "Restore the value, or delete the object with the command in the message so that it is made again.",
            example: .message("Job/default/a: field 'spec.template' cannot be changed")
        ),
        .init(
            .missingNamespace,
            "Namespace or account that does not exist",
            cause: """
                The namespace of the object, the ServiceAccount of its pods, or another object that it refers to, such as \
                the role of a binding, does not exist on the server, or is being deleted.
                """,
            fix: "Apply a manifest of it before the object, or correct the name.",
            example: .message("ConfigMap/x/a: namespace 'x' does not exist")
        ),
        .init(
            .quotaExceeded,
            "Quota or limit that is reached",
            cause: "A ResourceQuota of the namespace is used up, or a value is outside a LimitRange.",
            fix: "Raise the quota, delete objects, or change the value.",
            example: .message("Pod/x/a: refused by ResourceQuota 'pods': pods used 10 of 10")
        ),
        .init(
            .admissionDenied,
            "Object that a policy refuses",
            cause:
                "A webhook, an admission policy or a Pod Security Standard of the cluster does not allow the object.",
            fix: "Change the object as the reason says, or change the policy.",
            example: .message("Pod/x/a: refused by webhook 'images.example.com': image is not signed")
        ),
        .init(
            .webhookUnavailable,
            "Webhook that does not answer",
            cause: "An admission webhook must allow the object, and the API server cannot ask it.",
            fix: "Start the server of the webhook, or correct its configuration. 'after' lets the object wait for it.",
            example: .message(
                """
                Pod/x/a: webhook 'images.example.com', which must allow the object, cannot be asked: no answer \
                in time
                """
            )
        ),
        .init(
            .beingDeleted,
            "Object that is being deleted",
            cause: """
                The object was deleted and waits for its finalizers, so that it can neither be changed nor created \
                again.
                """,
            fix: "See what removes the finalizers: 'kubectl get KIND NAME -o yaml'.",
            example: .message("Namespace/x: being deleted and waits for finalizer 'kubernetes'")
        ),
        .init(
            .waitTimedOut,
            "Wait that took too long",
            cause: """
                A task has waited for a rollout, an object, a port or a file until its 'timeout', for the reason in \
                the message.
                """,
            fix: "Remove the cause, or increase 'timeout' of the task.",
            example: .message("timed out after 5m waiting for Deployment/default/a: 0 of 1 replicas are ready")
        ),
        .init(
            .lockUnavailable,
            "Lock that is held by another node or was lost",
            cause: """
                A task with 'lock: cluster' runs on one node at a time. Another node holds its Lease, or the Lease \
                was lost while the task ran.
                """,
            fix: """
                Look at the task on the node that the message names; the Lease of a node that is gone expires within \
                a minute.
                """,
            example: .message("Lease/kube-system/a: node 'cp2' holds it")
        ),
        .init(
            .olderVersion,
            "Older version than the cluster has",
            cause: """
                The task's 'version' is older than the one that was applied last, or another node or task has \
                applied other content.
                """,
            fix: "Update the files of this node, or write 'allowOlder: true'.",
            example: .message("ConfigMap/default/a: version 2 has been applied; this file has 1")
        ),
        .init(
            .setNotPruned,
            "Set of objects that is not pruned or removed",
            cause: """
                Objects of a set with 'prune' stay: another node still has them, the record of the set cannot be \
                used, or the set belongs to something else.
                """,
            fix: "Run the command in the message, or remove the task on the other node first.",
            example: .message("set 'addons' is not removed: the file of node 'cp2' has task 'addons' with it")
        ),
        .init(
            .reportNotSent,
            "Report that the cluster does not get",
            cause: "The state of the node could not be written to the cluster. The tasks do not depend on it.",
            fix: "Follow the cause in the message, or write 'report: false' below 'cluster'.",
            example: .message("cannot report to the cluster: connection refused")
        ),
        .init(
            .interrupted,
            "Program that was interrupted",
            cause: "The program was stopped by a signal or with its unit before it had ended.",
            fix: "Run it again; what was done is kept.",
            example: .message("interrupted while waiting for API server https://10.0.0.1:6443")
        ),
        .init(
            .serverError,
            "Request that failed on the server",
            cause: """
                The server answered with an error that is not about the object: it is overloaded, its storage fails, \
                or it does not support the request.
                """,
            fix: "Look into the log of the API server.",
            example: .message("ConfigMap/default/a: the server answered 500: etcdserver: request timed out")
        ),
    ]
}
