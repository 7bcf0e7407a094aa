/// What to do about an object that does not become ready.
struct ReadinessAdvice {
    /// What to do, `nil` if the reason is not known.
    let text: String?

    init(for object: UnreadyObject, task: String) {
        let type = object.identity.type
        let words = "\(object.reason) \(object.detail ?? "")"
        let namespace = object.identity.namespace.map { " -n \($0)" } ?? ""
        if let quota = words.firstMatch(of: /exceeded quota: ([^ ,]+)/)?.1 {
            text = "raise ResourceQuota '\(quota)' or delete objects: 'kubectl edit resourcequota \(quota)\(namespace)'"
        } else if words.contains("failed quota: ") {
            text = "set 'resources' of each container as the quota requires"
        } else if let account = words.firstMatch(of: /serviceaccount "([^"]*)" not found/)?.1 {
            text = "create ServiceAccount '\(account)', or correct 'serviceAccountName'"
        } else if words.contains("violates PodSecurity") {
            text = "change these settings, or the namespace's label 'pod-security.kubernetes.io/enforce'"
        } else if words.contains("its controller has not seen it") {
            text = "check that kube-controller-manager is running"
        } else if type.kind == "DaemonSet", words.contains("none with labels") {
            text = "add these labels to a node, correct 'nodeSelector', or write 'minNodes: 0' in task '\(task)'"
        } else if type.kind == "DaemonSet", words.contains("no node is eligible") {
            let tolerance = words.contains("with taints") ? "tolerate the taints" : "add a node"
            text = "\(tolerance), or write 'minNodes: 0' in task '\(task)' if none is needed"
        } else if words.contains("ErrImage") || words.contains("ImagePull") || words.contains("InvalidImageName") {
            text = "correct 'image', or make the registry reachable"
        } else if words.contains("the server has no kind") {
            text = "apply the CustomResourceDefinition that defines it, or correct 'apiVersion' and 'kind'"
        } else if object.reason == "it does not exist" {
            text = "check what creates it, or increase 'timeout' of task '\(task)'"
        } else {
            text = nil
        }
    }
}
