import TestSupport
import Testing

/// The files of `examples/ansible`; `BootTests` runs the role on a machine.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct AnsibleExampleTests {
    private static let directory = "\(TestCluster.sourceRoot)/examples/ansible"
    private static let role = "\(directory)/roles/nest_bootstrap"

    /// The names of the role's variables in a file, in its order.
    private func variables(_ path: String) async throws -> [String] {
        try await Files.text(path).yamlAsJSON().jsonKeys.filter { $0.hasPrefix("nest_bootstrap_") }
    }

    /// The second playbook has a file that the role includes only when it runs.
    @Test(
        .needsAnsible,
        arguments: [
            "[{hosts: localhost, roles: [nest_bootstrap]}]",
            "[{hosts: localhost, tasks: [{import_role: {name: nest_bootstrap, tasks_from: copy.yml}}]}]",
        ]
    )
    func `ansible-playbook accepts the syntax of the role`(playbook: String) async throws {
        let path = TemporaryDirectory.file("playbook.yml")
        try Files.write(Array("\(playbook)\n".utf8), to: path, mode: 0o644)
        let result = try await checkSyntax(path)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    @Test(.needsAnsible) func `ansible-playbook accepts the example without a warning`() async throws {
        let result = try await checkSyntax("\(Self.directory)/site.yml")
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.errors == "")
    }

    private func checkSyntax(_ playbook: String) async throws -> ToolResult {
        try await Tool.run(
            ExtractedPrograms.ansiblePlaybook,
            ["--syntax-check", playbook],
            environment: [
                "ANSIBLE_CONFIG": "\(Self.directory)/ansible.cfg", "ANSIBLE_HOME": TemporaryDirectory.file("ansible"),
                "ANSIBLE_ROLES_PATH": "\(Self.directory)/roles", "LC_ALL": "C.UTF-8",
            ]
        )
    }

    @Test func `every variable of the role has a default, a type and a description`() async throws {
        let defaults = try await variables("\(Self.role)/defaults/main.yml")
        let specification = "\(Self.role)/meta/argument_specs.yml"
        let specified = try await variables(specification)
        let document = try await Files.text(specification).yamlDocuments().first
        let options = try #require(document?["argument_specs"]?["main"]?["options"]?.mapping)
        #expect(options.count == specified.count)
        #expect(options.values.allSatisfy { $0["type"]?.string != nil && $0["description"] != nil })
        let readme = try Files.text("\(Self.directory)/README.md")
        let described = readme.matches(of: /\n\| `(nest_bootstrap_\w+)` \|/).map { String($0.output.1) }
        #expect(described.first == "nest_bootstrap_package")
        #expect(defaults == described)
        #expect(specified == described)
    }
}
