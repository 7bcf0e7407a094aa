import Base
import TestSupport
import Testing

/// The codes of problems and their explanations.
@Suite(.timeLimit(.minutes(30)))
struct ProblemCodeTests {
    @Test func `codes have four digits, ascend, and begin with the number of their area`() {
        let codes = ProblemCode.allCases.map(\.rawValue)
        #expect(codes.allSatisfy { $0.wholeMatch(of: /NB\d{4}/) != nil })
        #expect(codes == codes.sorted() && Set(codes).count == codes.count)
        #expect(ProblemCode.Area.allCases.flatMap(\.codes) == ProblemCode.allCases)
    }

    @Test(arguments: ProblemCode.allCases)
    func `a code is explained by itself, in sentences`(code: ProblemCode) {
        let explanation = code.explanation
        #expect(explanation.code == code)
        #expect(explanation.title.first?.isUppercase == true && !explanation.title.hasSuffix("."))
        for text in [explanation.cause, explanation.fix] {
            #expect(text.count >= 16 && text.contains(/[.!]$/), "\(text)")
            #expect(!text.contains("\n") && !text.contains("  "), "\(text)")
        }
        #expect(!explanation.example.text.isEmpty)
    }

    @Test func `no two codes have one title or cause`() {
        let all = ProblemCode.allCases.map(\.explanation)
        #expect(Set(all.map(\.title)).count == all.count)
        #expect(Set(all.map(\.cause)).count == all.count)
    }

    @Test func `a code is known in upper and lower case`() {
        #expect(ProblemCode(typed: "NB0201") == .unknownKey)
        #expect(ProblemCode(typed: "nb0201") == .unknownKey)
        #expect(ProblemCode(typed: "201") == nil)
    }

    /// A code that no problem has would be an explanation of nothing.
    @Test(arguments: ProblemCode.allCases)
    func `every code is used by the program`(code: ProblemCode) async throws {
        let sources = "\(TestCluster.sourceRoot)/Sources"
        // The description of a case is its name.
        let search = ["-rqE", "--include=*.swift", "--exclude-dir=Problems", "[^A-Za-z]\\.\(code)\\b", sources]
        #expect(try await Tool.run("grep", search).status == 0)
    }
}
