extension FileDeclaration {
    /// Reads the keys of `file`.
    init?(_ fields: inout Fields) {
        let path = fields.value("path", required: "/etc/cni/net.d/10-calico.conflist") { $0.writtenPath() }
        let sourcePath = fields.value("source") { $0.readPath() }
        let content = fields.value("content", hintsLiteral: true) { $0.string(.content, mayBeEmpty: true) }
        let mode = fields.value("mode") { $0.mode() }
        let owner = fields.value("owner") { $0.account() }
        let group = fields.value("group") { $0.account() }
        fields.tellUnlessOne(of: ["source", "content"], example: "source: calico/10-calico.conflist")
        guard let path, let source = sourcePath.map(Source.path) ?? content.map(Source.content) else { return nil }
        self.init(path: path, source: source, mode: mode ?? 0o644, owner: owner, group: group)
    }
}
