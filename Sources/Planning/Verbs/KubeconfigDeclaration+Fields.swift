extension KubeconfigDeclaration {
    /// Reads the keys of `kubeconfig`.
    ///
    /// - Parameters:
    ///   - fields: The mapping.
    ///   - cluster: What the cluster section says, for what the task leaves out.
    ///   - role: The role whose server is meant.
    init?(_ fields: inout Fields, _ cluster: ReadCluster, _ role: String?) {
        let path = fields.value("path", required: "/etc/kubernetes/cluster-admin.kubeconfig") { $0.writtenPath() }
        let user = fields.value("user", required: "kubernetes-admin") { $0.string() }
        let certificate = fields.value("certificate", required: "/run/agenix/kube-admin.crt") { $0.readPath() }
        let key = fields.value("key", required: "/run/agenix/kube-admin.key") { $0.readPath() }
        let clusterName = fields.value("cluster") { $0.string() }
        let context = fields.value("context") { $0.string() }
        let namespace = fields.value("namespace") { $0.label("a namespace") }
        let credentials = fields.value("credentials") { $0.word(of: ["path", "inline"]) }
        let server = Self.server(&fields, cluster, role)
        let authority = Self.certificateAuthority(&fields, cluster)
        guard let path, let user, let certificate, let key, let server, let authority else { return nil }
        self.init(
            path: path,
            user: user,
            clusterName: clusterName ?? cluster.declaration.name ?? "default",
            context: context ?? "default",
            namespace: namespace,
            server: server,
            certificateAuthority: authority,
            certificate: certificate,
            key: key,
            inlineCredentials: credentials == "inline",
        )
    }

    private static func server(_ fields: inout Fields, _ cluster: ReadCluster, _ role: String?) -> PathReference? {
        guard !fields.has("server") else { return fields.value("server") { $0.serverURL() } }
        _ = fields.take("server")
        if let server = cluster.declaration.server(for: role) { return server }
        if let advice = cluster.missingServer(for: role) {
            let label = fields.subject.label("server")
            fields.problems.addMissing(fields.place, "\(label) is missing, and \(advice.message)", hint: advice.hint)
        }
        return nil
    }

    private static func certificateAuthority(_ fields: inout Fields, _ cluster: ReadCluster) -> PathReference? {
        guard !fields.has("certificateAuthority") else { return fields.value("certificateAuthority") { $0.readPath() } }
        _ = fields.take("certificateAuthority")
        if cluster.declaration.certificateAuthority == nil, !cluster.isAuthorityFaulty {
            fields.problems.addMissing(
                fields.place,
                "\(fields.subject.label("certificateAuthority")) is missing, and the cluster has none",
                hint: "add certificateAuthority: /run/agenix/k8s-ca.crt below cluster:",
            )
        }
        return cluster.declaration.certificateAuthority
    }
}
