/// A key that an expression of a rule reads and that the object does not have.
///
/// The expressions of definitions, policies and webhooks are in CEL, which fails at a missing key. A message is for
/// example `no such key: max evaluating rule: min must not be greater than max`.
struct ExpressionFault {
    /// The key.
    let key: String
    /// The message of the rule, `nil` if it has none.
    let rule: String?
    /// The expression, `nil` if the message does not contain it.
    let expression: String?

    /// Reads a message of a server, or returns `nil` if it is not about a missing key.
    init?(_ message: String) {
        guard let match = message.firstMatch(of: /no such key: ([^\s:]+)(?: evaluating rule: (.+))?$/) else {
            return nil
        }
        key = String(match.1)
        rule = match.2.map(String.init)
        expression = message.firstMatch(of: /expression '(.*)' resulted in error/).map { String($0.1) }
    }
}
