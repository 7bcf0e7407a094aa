import YAML

extension Node {
    /// Returns whether an object has everything that a manifest says, in the same form.
    ///
    /// A value that the server writes in another form, such as a quantity, does not count as the same.
    func includes(_ manifest: Node) -> Bool {
        switch (content, manifest.content) {
        case (.mapping(let own), .mapping(let wanted)):
            return wanted.entries.allSatisfy { entry in own[entry.key]?.includes(entry.value) ?? entry.value.isNull }
        case (.sequence(let own), .sequence(let wanted)):
            return own.count == wanted.count && zip(own, wanted).allSatisfy { $0.includes($1) }
        default: return self == manifest
        }
    }
}
