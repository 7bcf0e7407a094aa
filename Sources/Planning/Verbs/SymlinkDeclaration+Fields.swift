extension SymlinkDeclaration {
    /// Reads the keys of `symlink`.
    init?(_ fields: inout Fields) {
        let path = fields.value("path", required: "/opt/cni/bin/calico-ipam") { $0.writtenPath() }
        let target = fields.value("target", required: "/run/current-system/sw/bin/calico") {
            $0.string(expected: "a path")
        }
        let replace = fields.value("replace") { $0.boolean() }
        guard let path, let target else { return nil }
        self.init(path: path, target: target, replace: replace ?? false)
    }
}
