extension Sequence {
    /// Returns the first element with each key, in order.
    public func unique<Key: Hashable>(by key: (Element) -> Key) -> [Element] {
        var seen: Set<Key> = []
        return filter { seen.insert(key($0)).inserted }
    }
}

extension Sequence where Element: Hashable {
    /// Returns the elements without duplicates, in order.
    public func unique() -> [Element] { unique(by: \.self) }
}
