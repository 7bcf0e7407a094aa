import TestSupport
import Testing

/// The flake: `nix flake check`, its outputs, and the package that it makes of an archive.
@Suite(.temporaryDirectory, .needsNix, .timeLimit(.minutes(15)))
struct NixFlakeTests {
    @Test func `the package is built from source, with all that the installation copies`() async throws {
        let package = try await NixModule.flake(
            """
            { self, pkgs }: {
              inherit (self.packages.x86_64-linux.default) version;
              source = "${self.packages.x86_64-linux.default.src}";
              overlay = (self.overlays.default pkgs { }).nest-bootstrap.version;
              checks = builtins.attrNames self.checks.x86_64-linux;
            }
            """
        )
        let version = try await Tool.run(TestNode.program, ["--version"]).output.prefix { $0 != "\n" }
        #expect(version.split(separator: " ").prefix(2) == ["nest-bootstrap", "\(package["version"]?.string ?? "")"])
        #expect(package["overlay"] == package["version"])
        #expect(package["checks"]?.sequence?.compactMap(\.string) == ["boot", "package", "units"])
        let source = try #require(package["source"]?.string)
        let program = TemporaryDirectory.file("installed")
        let installed = try await Tool.run("\(source)/tools/install", [TestNode.program, program, "/usr"])
        #expect(installed.status == 0, "\(installed.errors)")
    }

    @Test(.enabled(if: TestProcess.isRoot, "only root can mount"))
    func `the package of an archive runs where there is only the store of Nix`() async throws {
        let directory = TemporaryDirectory.file("tarball")
        let source = TestCluster.sourceRoot
        let built = try await Tool.run("\(source)/tools/tarball", [TestNode.program, directory])
        try #require(built.status == 0, "\(built.errors)")
        let name = try #require(try Files.list(directory).first { $0.hasSuffix(".tar.gz") })
        let archives = TemporaryDirectory.file("archives.json")
        let url = "https://git.example/releases/v1"
        let listed = try await Tool.run("\(source)/tools/nix-archives", [url, directory, archives])
        try #require(listed.status == 0, "\(listed.errors)")
        let package = try await NixModule.flake(
            "{ self, pkgs }: let package = self.packages.x86_64-linux.default; in "
                + "{ inherit (package) version installPhase; inherit (package.src) url sha256; "
                + "own = (self.lib.fromArchive pkgs \(directory)/\(name)).version; }",
            swift: "5.10.1",
            archives: archives
        )
        #expect(package["url"]?.string == "\(url)/\(name)")
        #expect(package["own"] == package["version"])
        let phase = try #require(package["installPhase"]?.string)
        func run(_ arguments: String...) async throws -> ToolResult {
            try await NixModule.run(archive: "\(directory)/\(name)", phase: phase, arguments)
        }
        let version = try await run("--version")
        #expect(version.status == 0)
        // The loader warns of libraries that have other versions of symbols.
        #expect(version.errors == "")
        #expect(version.output.hasPrefix("nest-bootstrap \(package["version"]?.string ?? "") "), "\(version)")
        let file = TemporaryDirectory.file("archive/root/tmp/bootstrap.yaml")
        try Files.write(Array("tasks: {t: {file: {path: /tmp/made, content: x}}}\n".utf8), to: file, mode: 0o644)
        let tasks = try await run("run", "--config", "/tmp/bootstrap.yaml")
        #expect(tasks.status == 0 && tasks.errors == "", "\(tasks)")
        #expect(try Files.text(TemporaryDirectory.file("archive/root/tmp/made")) == "x")
    }
}
