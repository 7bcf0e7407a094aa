import Base

extension PlannedTask {
    /// The verb, interval, restarts and reset commands of the task, as a text that differs if one of them differs.
    ///
    /// Locations and settings such as the timeout are left out, because they do not change the effects of a task.
    public var declarationText: String {
        var text = DeclarationText()
        text.add(verb.declaration)
        text.add(settings.interval as Any)
        text.add(settings.restarts)
        text.add(settings.reset as Any)
        return text.text
    }
}

/// A builder for the text of values, which omits locations and sorts the elements of sets and dictionaries.
///
/// It uses reflection, so new verbs need no code here.
private struct DeclarationText {
    private(set) var text = ""

    mutating func add(_ value: Any) {
        if value is SourceLocation { return }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .set, .dictionary:
            // The order of the elements differs from process to process.
            add(type(of: value), mirror.children.map { Self.text(of: $0.value) }.sorted())
        case nil where mirror.children.isEmpty: addLeaf("\(value)")
        case .enum where mirror.children.isEmpty: addLeaf("\(value)")
        default: add(type(of: value), mirror.children.map { ($0.label ?? "") + Self.text(of: $0.value) })
        }
    }

    private static func text(of value: Any) -> String {
        var text = Self()
        text.add(value)
        return text.text
    }

    private mutating func add(_ type: Any.Type, _ parts: [String]) {
        text += "\(type)("
        for part in parts { addLeaf(part) }
        text += ")"
    }

    /// Adds a text preceded by its length, so that its end is unambiguous.
    private mutating func addLeaf(_ leaf: String) { text += "\(leaf.utf8.count):\(leaf)" }
}
