/// Returns whether a text is a whole number, perhaps with a sign.
///
/// - Parameter text: The text.
/// - Returns: Whether it has a digit at least, and nothing else but a sign before the first one.
public func isNumber(_ text: some StringProtocol) -> Bool {
    let digits = text.utf8.first?.isSign == true ? text.utf8.dropFirst() : text.utf8[...]
    return !digits.isEmpty && digits.allSatisfy(\.isDigit)
}
