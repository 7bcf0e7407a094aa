import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(30)))
struct ExpressionFaultTests {
    @Test func `the missing key, the rule and the expression are read`() throws {
        let rule = try #require(ExpressionFault("no such key: max evaluating rule: min is at most max: always"))
        #expect(rule.key == "max" && rule.rule == "min is at most max: always" && rule.expression == nil)
        let condition = "expression 'object.metadata.labels['a.b/c'] != 'x'' resulted in error: no such key: a.b/c"
        let fault = try #require(ExpressionFault(condition))
        #expect(fault.key == "a.b/c" && fault.rule == nil)
        #expect(fault.expression == "object.metadata.labels['a.b/c'] != 'x'")
        for message in ["", "no such key: ", "no such key", "failed rule: a"] {
            #expect(ExpressionFault(message) == nil, "\(message)")
        }
    }
}
