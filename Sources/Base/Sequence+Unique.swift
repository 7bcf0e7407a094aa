extension Sequence {
    /// Returns the elements without those that have the key of an earlier one.
    public func unique<Key: Hashable>(by key: (Element) -> Key) -> [Element] {
        var seen: Set<Key> = []
        return filter { seen.insert(key($0)).inserted }
    }
}

extension Sequence where Element: Hashable {
    /// Returns the elements, each once.
    public func unique() -> [Element] { unique(by: \.self) }
}
