import TestSupport
import Testing

/// The files that `tools/install` and `tools/install-examples` put below a prefix, as the Debian packages have them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct InstalledFilesTests {
    private let root = TemporaryDirectory.file("root")

    /// Installs everything, or without the examples, and returns where.
    private func install(prefix: String, withExamples: Bool = true) async throws -> String {
        let tools = "\(TestCluster.sourceRoot)/tools"
        let result = try await Tool.run("\(tools)/install", [TestNode.program, root, prefix])
        try #require(result.status == 0, "\(result.errors)")
        if withExamples {
            let examples = try await Tool.run("\(tools)/install-examples", [root, prefix])
            try #require(examples.status == 0, "\(examples.errors)")
        }
        return "\(root)\(prefix)"
    }

    @Test func `manual pages and task files name no files below another prefix, and no file is in /etc`() async throws {
        let installed = try await install(prefix: "/usr/local")
        let script = """
            gzip -dc "$1"/share/man/man?/* | grep -E '/usr/(share|lib/systemd/system-generators)/' || true
            find "$1/share/doc/nest-bootstrap" -name bootstrap.yaml -exec grep -H /usr/share/ {} + || true
            find "$2/etc" -type f
            """
        #expect(try Files.exists("\(installed)/share/doc/nest-bootstrap/bootstrap.yaml"))
        let result = try await Tool.run("sh", ["-c", script, "sh", installed, root])
        #expect(result.output == "" && result.errors == "", "\(result.output)\(result.errors)")
        let manual = try await Tool.run("sh", ["-c", "gzip -dc \"$1\"/share/man/man?/*", "sh", installed])
        #expect(manual.output.contains("Pa /usr/local/lib/systemd/system-generators/"))
    }

    @Test func `init names the schema that is installed with the program`() async throws {
        let installed = try await install(prefix: "/usr/local")
        let schema = "\(installed)/share/nest-bootstrap/bootstrap.schema.json"
        #expect(try Files.exists(schema))
        let path = TemporaryDirectory.file("node")
        let result = try await Tool.run("\(installed)/bin/nest-bootstrap", ["init", "k3s", "--output", path])
        #expect(result.status == 0, "\(result.errors)")
        let text = try Files.text("\(path)/bootstrap.yaml")
        #expect(text.hasPrefix("# yaml-language-server: $schema=\(schema)\n"), "\(text)")
    }

    @Test func `a node has no examples, and of the documents only those to begin with`() async throws {
        let share = try await install(prefix: "/usr", withExamples: false) + "/share"
        let script = "cd \"$1\" && find nest-bootstrap doc/nest-bootstrap ! -type d | LC_ALL=C sort"
        let files = try await Tool.run("sh", ["-c", script, "sh", share])
        #expect(
            files.outputLines == [
                "doc/nest-bootstrap/CHANGELOG.md", "doc/nest-bootstrap/LICENSE", "doc/nest-bootstrap/README.md",
                "doc/nest-bootstrap/bootstrap.yaml", "nest-bootstrap/bootstrap.schema.json",
            ]
        )
    }

    @Test func `the scripts of the examples can be run where they are`() async throws {
        let documents = try await install(prefix: "/usr") + "/share/doc/nest-bootstrap"
        let script = "cd \"$1\" && find examples -type f -perm -u+x | LC_ALL=C sort"
        let installed = try await Tool.run("sh", ["-euc", script, "sh", documents])
        let written = try await Tool.run("sh", ["-euc", script, "sh", TestCluster.sourceRoot])
        #expect(installed.output == written.output)
        #expect(try Files.status("\(documents)/examples/migration/drop-manager")?.mode == 0o755)
    }
}

/// The manual pages, as mandoc reads them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
struct ManualTests {
    private static let pages = ["man7/nest-bootstrap.systemd.7", "man8/nest-bootstrap.8"]

    /// Writes the pages and returns their directory.
    private func directory() async throws -> String {
        let directory = TemporaryDirectory.file("man")
        let result = try await Tool.run("\(TestCluster.sourceRoot)/tools/manual", [TestNode.program, directory])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        return directory
    }

    @Test func `mandoc finds nothing to criticize`() async throws {
        let directory = try await directory()
        for page in Self.pages {
            // The pages are not installed, and those of other packages may not be either.
            let ignored = "referenced manual not found|mandoc.db"
            let script = "gzip -dc \"$1.gz\" >\"$1\"; mandoc -T lint -W style \"$1\" 2>&1 | grep -vE '\(ignored)'"
            let result = try await Tool.run("sh", ["-c", script, "sh", "\(directory)/\(page)"])
            #expect(result.output == "", "\(result.output)")
        }
    }
}
