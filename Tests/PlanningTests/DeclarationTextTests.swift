import Base
import Testing

@testable import Planning

/// The text of a declaration, by which `up` finds changes.
@Suite(.timeLimit(.minutes(5)))
struct DeclarationTextTests {
    private func text(_ task: String) throws -> String {
        try #require(plan("tasks:\n  other: {exec: {command: 'true'}}\n\(task)").steps.last).task.declarationText
    }

    private static let exec = """
          a:
            description: one
            timeout: 1m
            exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2', C: '3'}}
        """

    @Test(arguments: [
        // Elsewhere in the file, in another order, with another description and timeout.
        """

          # A comment.
          a: {timeout: 9m, description: two, exec: {environment: {C: '3', B: '2', A: '1'}, args: [-c, x], command: sh}}
        """,
        "  a: {after: [other], exec: {command: sh, args: [-c, 'x'], environment: {A: '1', B: '2', C: '3'}}}",
    ]) func `it is the same for the same work`(task: String) throws {
        #expect(try text(task) == text(Self.exec))
    }

    @Test(arguments: [
        "  a: {exec: {command: sh, args: [-c, other], environment: {A: '1', B: '2', C: '3'}}}",
        "  a: {exec: {command: sh, args: ['-cx'], environment: {A: '1', B: '2', C: '3'}}}",
        "  a: {exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2', C: '4'}}}",
        "  a: {exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2'}}}",
        "  a: {exec: {command: sh, args: [-c, x], network: false, creates: /x, environment: {A: '1', B: '2', C: '3'}}}",
        "  a: {every: 1h, exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2', C: '3'}}}",
        "  a: {restart: [b.service], exec: {command: sh, args: [-c, x], environment: {A: '1', B: '2', C: '3'}}}",
    ]) func `it differs for other work`(task: String) throws {
        #expect(try text(task) != text(Self.exec))
    }

    @Test func `it has no place of the task file`() throws {
        let first = try text("  a: {file: {path: /etc/a, content: x, owner: root}}")
        #expect(try text("\n\n  a:\n    file:\n      owner: root\n      path: /etc/a\n      content: x") == first)
    }
}
