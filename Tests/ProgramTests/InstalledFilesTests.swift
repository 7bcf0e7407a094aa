import TestSupport
import Testing

/// The files that `tools/install` and `tools/install-examples` put below a prefix, as the Debian packages have them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
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
        for path in ["share/nest-bootstrap/bootstrap.schema.json", "lib/systemd/system-generators/"] {
            #expect(manual.output.contains("Pa /usr/local/\(path)"), "\(path)")
        }
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
        let result = try await Tool.run("\(TestCluster.sourceRoot)/tools/check-modes", [documents])
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(try Files.status("\(documents)/examples/migration/drop-manager")?.mode == 0o755)
    }
}

/// The check of the C library that `make deb` makes, with packages of another program.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct LibraryVersionTests {
    /// Checks a package that has a shell as its program, with these dependencies.
    private func check(_ depends: String) async throws -> ToolResult {
        let root = TemporaryDirectory.file("root")
        let package = TemporaryDirectory.file("package.deb")
        try Files.makeDirectories("\(root)/DEBIAN")
        let control = """
            Package: nest-bootstrap
            Version: 1
            Architecture: all
            Maintainer: nobody <nobody@example.com>
            Depends: \(depends)
            Description: package of a test

            """
        try Files.write(Array(control.utf8), to: "\(root)/DEBIAN/control")
        let script = #"install -D "$1" "$2/usr/bin/nest-bootstrap" && dpkg-deb --build "$2" "$3""#
        let built = try await Tool.run("sh", ["-c", script, "sh", "/bin/sh", root, package])
        try #require(built.status == 0, "\(built.errors)")
        return try await Tool.run("\(TestCluster.sourceRoot)/tools/check-glibc", [package])
    }

    @Test(arguments: [
        ("systemd (>= 252), libc6 (>= 2.17-1~deb8u1), libyaml-0-2", "depends on libc6 2.17-1~deb8u1, but its program"),
        ("libc6, libyaml-0-2", "names no version of libc6"), ("libc6 (>= 2.99)", nil),
    ])
    func `a package for a C library that is too old for the program is refused`(
        depends: String,
        reason: String?
    ) async throws {
        let result = try await check(depends)
        #expect(result.status == (reason == nil ? 0 : 1), "\(result.errors)")
        if let reason { #expect(result.errors.contains(reason), "\(result.errors)") }
    }
}

/// The manual pages, as mandoc reads them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct ManualTests {
    private static let pages = ["man5/bootstrap.yaml.5", "man7/nest-bootstrap.systemd.7", "man8/nest-bootstrap.8"]

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
