import YAML

/// Key `report` of section `cluster` as it was read.
struct ReadReport {
    /// How the node reports, `nil` if it does not.
    let declaration: ReportDeclaration?

    private static let kubeconfig = Key.optional(
        "kubeconfig",
        .readPath,
        default: "that of the kubelet",
        "the kubeconfig of the user that reports"
    )

    private static let node = Key.optional(
        "node",
        ValueReader<String>(type: .name("Node")) { $0.objectText("the name of a Node", isNodeName) },
        default: "that of the kubelet's certificate, else the host name",
        "the name of the Node"
    )

    /// Reads `true` or `false`, or a mapping.
    static let reader = ValueReader<ReadReport>(
        type: .either([.boolean, .mapping([kubeconfig.description, node.description])]),
        ignoresQuotes: true,
        read: read
    )

    @Sendable private static func read(_ value: ConfigValue) -> ReadReport? {
        if value.node.mapping != nil, var fields = value.mapping("a mapping") {
            defer { fields.finish() }
            return ReadReport(
                declaration: ReportDeclaration(kubeconfig: fields.value(kubeconfig), node: fields.value(node))
            )
        }
        guard let isOn = value.node.boolean else {
            value.reportTypeMismatch("true, false or a mapping", hint: value.write("false"))
            return nil
        }
        return ReadReport(declaration: isOn ? ReportDeclaration() : nil)
    }
}
