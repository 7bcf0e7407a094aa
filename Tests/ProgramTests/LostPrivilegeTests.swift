import Glibc
import TestSupport
import Testing

/// Runs of root that lack a capability, or that are in a user namespace.
@Suite(
    .temporaryDirectory,
    .enabled(if: geteuid() == 0, "only root can drop capabilities"),
    .timeLimit(.minutes(30))
)
struct LostPrivilegeTests {
    /// Runs the program by another one, and returns the lines of errors.
    private func errors(_ tasks: String, by words: [String]) async throws -> [String] {
        let node = try TestNode("tasks:\n\(tasks)")
        let directory = "\(node.root)/srv"
        try #require(try await Tool.run("mkdir", ["-p", directory]).status == 0)
        try #require(try await Tool.run("chown", ["daemon", directory]).status == 0)
        let result = try await Tool.run(
            words[0],
            words.dropFirst() + [TestNode.program, "run", "--config", node.config, "--root", node.root],
            environment: ["NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        return result.errors.split(separator: "\n").map { String($0).replacing(node.root, with: "ROOT") }
            .filter { $0.contains(": error: ") }.sorted()
    }

    @Test func `a capability that was taken away is named`() async throws {
        let lines = try await errors(
            """
              chown: {exec: {command: chown, args: [nobody, /proc/self/comm]}}
              file: {file: {path: /srv/f, content: a}}
              owner: {file: {path: /g, content: a, owner: nobody}}
            """,
            by: ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-chown,-fowner"]
        )
        func advice(_ name: String) -> String {
            "add \(name) to 'CapabilityBoundingSet=' of its unit, or '--cap-add \(name.dropFirst(4))' to the options of its "
                + "container"
        }
        #expect(lines.count == 3, "\(lines)")
        #expect(
            lines.first?.hasSuffix("; it runs as root without CAP_CHOWN: \(advice("CAP_CHOWN"))") == true,
            "\(lines)"
        )
        #expect(
            lines.dropFirst().first?.hasSuffix(
                "'ROOT/srv/f': this process runs as root without CAP_DAC_OVERRIDE; \(advice("CAP_DAC_OVERRIDE"))"
            ) == true,
            "\(lines)"
        )
        #expect(
            lines.last?.hasSuffix("'ROOT/g': this process runs as root without CAP_CHOWN; \(advice("CAP_CHOWN"))")
                == true,
            "\(lines)"
        )
    }

    @Test func `a user namespace is named`() async throws {
        let lines = try await errors(
            "  file: {file: {path: /srv/f, content: a}}\n",
            by: ["unshare", "--user", "--map-root-user"]
        )
        #expect(lines.count == 1, "\(lines)")
        #expect(
            lines.first?.hasSuffix(
                "'ROOT/srv' belongs to a user that the user namespace of this process does not have (its uid_map is '0 0 1'); "
                    + "run nest-bootstrap as root of the machine, not in a user namespace such as that of a rootless container"
            ) == true,
            "\(lines)"
        )
    }
}
