extension String {
    /// Returns the text without its middle if it has more characters than a limit.
    ///
    /// A message begins with its subject and ends with its cause, so that both ends are needed.
    ///
    /// - Parameter limit: The number of characters that the result has at most.
    /// - Returns: The text, with an ellipsis where something is left out.
    public func shortened(to limit: Int) -> String {
        guard let end = index(startIndex, offsetBy: limit, limitedBy: endIndex), end != endIndex else { return self }
        let head = limit / 2
        return "\(prefix(head))…\(suffix(limit - head - 1))"
    }
}
