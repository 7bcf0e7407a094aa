import YAML

extension WaitDeclaration {
    /// The keys of which a `wait` has exactly one.
    private static let conditionKeys = ["apiServer", "tcp", "file", "url", "unit", "object"]

    /// Reads the keys of `wait`.
    init?(_ fields: inout Fields) {
        let kubeconfig = fields.value("kubeconfig") { $0.readPath() }
        let authority = fields.value("certificateAuthority") { $0.readPath() }
        let server = fields.value("apiServer") { $0.apiServer(kubeconfig) }
        let tcp = fields.value("tcp") { $0.endpoint() }.map { Condition.tcp(host: $0.host, port: $0.port) }
        let file = fields.value("file") { $0.readPath() }.map(Condition.file)
        let url = fields.value("url") { $0.url() }.map { Condition.url($0, certificateAuthority: authority) }
        let unit = fields.value("unit") { $0.unitName() }.map(Condition.unit)
        let object = Self.object(&fields).map { Condition.object($0, kubeconfig: kubeconfig) }
        fields.tellUnlessOne(of: Self.conditionKeys, example: "apiServer: true")
        fields.tellStray("kubeconfig", goesWith: ["apiServer", "object"])
        fields.tellStray("certificateAuthority", goesWith: ["url"])
        guard let condition = server ?? tcp ?? file ?? url ?? unit ?? object else { return nil }
        self.init(condition, place: fields.place)
    }

    private static func object(_ fields: inout Fields) -> ObjectReference? {
        guard var object = fields.fields("object", expected: "a mapping with apiVersion, kind and name") else {
            return nil
        }
        defer { object.finish() }
        let apiVersion = object.value("apiVersion", required: "apps/v1") { $0.string() }
        let kind = object.value("kind", required: "DaemonSet") { $0.string() }
        let name = object.value("name", required: "calico-node") { $0.string() }
        let namespace = object.value("namespace") { $0.label("a namespace") }
        guard let apiVersion, let kind, let name else { return nil }
        return ObjectReference(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name)
    }
}

extension Item {
    /// The kubeconfig of an API server: a path, or `true` for one that is found later.
    fileprivate func apiServer(_ kubeconfig: PathReference?) -> WaitDeclaration.Condition? {
        if node.boolean == true { return .apiServer(kubeconfig: kubeconfig) }
        guard node.string != nil else {
            tellWrong("true or the path of a kubeconfig", hint: write("true"))
            return nil
        }
        return readPath().map { .apiServer(kubeconfig: $0) }
    }
}
