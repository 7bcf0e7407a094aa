import TestSupport
import Testing

/// The install script of the archive, with a small tree of files and a system whose answers the tests choose.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct InstallScriptTests {
    private static let examples = "usr/share/doc/nest-bootstrap/examples"
    let directory = TemporaryDirectory.path
    var script: String { "\(directory)/archive/install.sh" }
    var root: String { "\(directory)/root" }

    init() async throws {
        let files = [
            ("usr/bin/nest-bootstrap", "#!/bin/sh\necho nest-bootstrap 1.2.3\n", UInt32(0o755)),
            ("usr/share/nest-bootstrap/install.sh", "# the copy\n", 0o755),
            ("usr/share/nest-bootstrap/rbac/a.yaml", "{}\n", 0o644),
            ("\(Self.examples)/homelab/bootstrap.yaml", "share: /usr/share/nest-bootstrap\n", 0o644),
            ("\(Self.examples)/k3s/join.sh", "cat /usr/share/x\n", 0o755),
        ]
        for (path, text, mode) in files { try write(text, to: "archive/files/\(path)", mode: mode) }
        try Files.makeDirectories("\(directory)/archive/examples/usr")
        let generators = "\(directory)/archive/files/usr/lib/systemd/system-generators"
        try Files.makeDirectories(generators)
        let manual = "\(directory)/archive/files/usr/share/man/man8"
        try Files.makeDirectories(manual)
        let page = ".Pa /usr/share/doc/nest-bootstrap\n.Pa /usr/lib/systemd/system-generators/x\n"
        let pack = "gzip -9n >\"$1/nest-bootstrap.8.gz\""
        let packed = try await Tool.run("sh", ["-c", pack, "sh", manual], input: page)
        try #require(packed.status == 0, "\(packed.errors)")
        let generator = "\(generators)/nest-bootstrap-generator"
        try Files.makeSymbolicLink(at: generator, to: "../../../bin/nest-bootstrap")
        try write("ID=debian\n", to: "os-release")
        try await makeScript()
        for (name, answer) in [
            ("systemctl", "systemd 257 (257.8-1)"), ("uname", "x86_64"), ("id", "0"), ("getconf", "glibc 2.41"),
            ("ldd", ""),
        ] {
            try answer.isEmpty ? fake(name, "true") : fake(name, "echo '\(answer)'")
        }
        try fake("dpkg-query", "exit 1")
    }

    func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws {
        try Files.write(Array(text.utf8), to: "\(directory)/\(name)", mode: mode)
    }

    /// Puts a program on the PATH of the script.
    func fake(_ name: String, _ command: String) throws {
        try write("#!/bin/sh\n\(command)\n", to: "bin/\(name)", mode: 0o755)
    }

    /// Makes the script as `tools/tarball` does, for a system that is described by files of the test.
    func makeScript(loader: String = "/bin/sh") async throws {
        let inlined = try await Tool.run("\(TestCluster.sourceRoot)/tools/inline", ["packaging/install.sh"])
        try #require(inlined.status == 0, "\(inlined.errors)")
        var text = inlined.output.replacing("/etc/os-release", with: "\(directory)/os-release")
        for (key, value) in [
            ("VERSION", "1.2.3"), ("MACHINE", "x86_64"), ("LOADER", loader), ("GLIBC", "2.36"),
            ("SYSTEMD", "252"),
        ] {
            text = text.replacing("@\(key)@", with: value)
        }
        try write(text, to: "archive/install.sh", mode: 0o755)
    }

    func run(_ arguments: String...) async throws -> ToolResult {
        let path = "\(directory)/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return try await Tool.run(script, arguments, environment: ["PATH": path])
    }

    private func text(_ path: String) throws -> String {
        try Files.text("\(root)\(path)")
    }

    func exists(_ path: String) -> Bool { (try? Files.status("\(root)\(path)"))?.kind != nil }

    func allFiles() async throws -> [String] {
        try await Tool.run("find", [root, "!", "-type", "d", "-printf", "/%P\\n"]).outputLines.sorted()
    }

    @Test func `the help has 80 columns and every flag`() async throws {
        let result = try await run("--help")
        #expect(result.status == 0 && result.errors == "")
        for line in result.outputLines { #expect(line.count <= 80, "\(line)") }
        let flags = ["--prefix", "--destdir", "--examples", "--no-examples", "--dry-run", "--uninstall", "--purge"]
        for flag in flags + ["-h, --help"] { #expect(result.output.contains("  \(flag)"), "\(flag)") }
        #expect(result.output.hasPrefix("Installs nest-bootstrap 1.2.3 from the files beside this script,"))
    }

    @Test(arguments: [
        (["--force"], "unknown flag '--force'"),
        (["--prefix"], "flag '--prefix' needs a directory"),
        (
            ["--prefix", "/opt"],
            "systemd does not look for units below '/opt'; use --prefix=/usr/local or --prefix=/usr"
        ),
        (["--destdir=root"], "'root' is not an absolute path"),
        (["--destdir=/"], "'/' is the root of the running system; leave out '--destdir' to install there"),
        (
            ["--destdir", "/usr/..//"],
            "'/usr/..//' is the root of the running system; leave out '--destdir' to install there"
        ),
        (["--purge"], "flag '--purge' is for '--uninstall' only"),
        (["--uninstall", "--no-examples"], "'--uninstall' removes the examples too"),
    ])
    func `wrong usage exits with 64`(arguments: [String], message: String) async throws {
        let result = try await Tool.run(script, arguments)
        #expect(result.status == 64)
        #expect(result.errors == "install.sh: \(message); run '\(script) --help'\n")
    }

    @Test func `files are installed with their modes and the paths of the prefix`() async throws {
        let result = try await run("--destdir=\(root)")
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        let hint = "systemd-sysusers nest-bootstrap.conf && systemctl enable k8s-bootstrap.target"
        #expect(
            result.output
                == """
                install.sh: when the system below '\(root)' is complete, run there: \(hint)
                install.sh: nest-bootstrap 1.2.3 is installed in '\(root)/usr/local'

                """
        )
        let documents = "/usr/local/share/doc/nest-bootstrap/examples"
        #expect(
            try await allFiles() == [
                "/usr/local/bin/nest-bootstrap",
                "/usr/local/lib/systemd/system-generators/nest-bootstrap-generator",
                "\(documents)/homelab/bootstrap.yaml", "\(documents)/k3s/join.sh",
                "/usr/local/share/man/man8/nest-bootstrap.8.gz",
                "/usr/local/share/nest-bootstrap/install.sh", "/usr/local/share/nest-bootstrap/installed",
                "/usr/local/share/nest-bootstrap/rbac/a.yaml",
            ]
        )
        #expect(try text("\(documents)/homelab/bootstrap.yaml") == "share: /usr/local/share/nest-bootstrap\n")
        #expect(try text("\(documents)/k3s/join.sh") == "cat /usr/share/x\n")
        let page = try await Tool.run("gzip", ["-dc", "\(root)/usr/local/share/man/man8/nest-bootstrap.8.gz"]).output
        #expect(
            page == ".Pa /usr/local/share/doc/nest-bootstrap\n.Pa /usr/local/lib/systemd/system-generators/x\n"
        )
        #expect(try Files.status("\(root)/usr/local/bin/nest-bootstrap").map { $0.mode & 0o777 } == 0o755)
        let ran = try await Tool.run("\(root)/usr/local/lib/systemd/system-generators/nest-bootstrap-generator")
        #expect(ran.output == "nest-bootstrap 1.2.3\n")
    }

    @Test func `an upgrade replaces what the archive has, and removes what it no longer has`() async throws {
        _ = try await run("--destdir=\(root)", "--prefix=/usr")
        let files = "\(directory)/archive/files"
        try Files.removeTree("\(files)/usr/share/nest-bootstrap/rbac")
        try write("{new: 1}\n", to: "archive/files/usr/share/nest-bootstrap/manifests/b.yaml")
        let preview = try await run("--destdir=\(root)", "--dry-run")
        #expect(
            preview.output == """
                install.sh: would create '\(root)/usr/share/nest-bootstrap/manifests/b.yaml'
                install.sh: would remove '\(root)/usr/share/nest-bootstrap/rbac/a.yaml'

                """
        )
        #expect(exists("/usr/share/nest-bootstrap/rbac/a.yaml"))
        #expect(try await run("--destdir=\(root)").status == 0)
        #expect(!exists("/usr/share/nest-bootstrap/rbac"))
        #expect(try text("/usr/share/nest-bootstrap/manifests/b.yaml") == "{new: 1}\n")
        let again = try await run("--destdir=\(root)", "--dry-run")
        #expect(again.output == "")
        let other = try await run("--destdir=\(root)", "--prefix=/usr/local")
        let hint = "use --prefix=/usr, or run '\(script) --destdir=\(root) --uninstall' first"
        #expect(other.errors == "install.sh: nest-bootstrap is installed in '\(root)/usr'; \(hint)\n")
        #expect(other.status == 1)
    }

    @Test func `examples are installed on request, upgraded after that, and removed`() async throws {
        let guide = "/usr/local/share/doc/nest-bootstrap/examples/migration/guide.md"
        try Files.removeTree("\(directory)/archive/examples")
        let none = try await run("--destdir=\(root)", "--examples")
        #expect(
            none.errors == "install.sh: '\(directory)/archive/examples' does not exist; nothing was changed; "
                + "unpack the archive again\n"
        )
        try Files.removeTree("\(directory)/archive/files/\(Self.examples)")
        try write("1\n", to: "archive/examples/\(Self.examples)/migration/guide.md")
        #expect(try await run("--destdir=\(root)").status == 0)
        #expect(!exists(guide))
        #expect(try await run("--destdir=\(root)", "--examples").status == 0)
        #expect(try text(guide) == "1\n")
        try write("2\n", to: "archive/examples/\(Self.examples)/migration/guide.md")
        #expect(try await run("--destdir=\(root)").status == 0)
        #expect(try text(guide) == "2\n")
        #expect(try await run("--destdir=\(root)", "--no-examples").status == 0)
        #expect(!exists("/usr/local/share/doc/nest-bootstrap"))
        #expect(exists("/usr/local/bin/nest-bootstrap"))
    }

    @Test func `removal leaves task file and drop-ins, also with --purge`() async throws {
        let missing = try await run("--destdir=\(root)", "--uninstall")
        #expect(missing.status == 1)
        #expect(missing.errors == "install.sh: nest-bootstrap is not installed below '\(root)/'\n")
        _ = try await run("--destdir=\(root)")
        let other = try await run("--destdir=\(root)", "--uninstall", "--prefix=/usr")
        let places = "in '\(root)/usr/local', not in '\(root)/usr'"
        #expect(other.errors == "install.sh: nest-bootstrap is installed \(places)\n")
        let preview = try await run("--destdir=\(root)", "--uninstall", "--dry-run")
        #expect(preview.output.hasPrefix("install.sh: would remove '\(root)/usr/local/bin/nest-bootstrap'\n"))
        #expect(preview.outputLines.count == 8)
        try write("# mine\n", to: "root/etc/nest-bootstrap/bootstrap.yaml")
        let removed = try await run("--destdir=\(root)", "--uninstall")
        #expect(
            removed.output == """
                install.sh: nest-bootstrap is removed from '\(root)/usr/local'
                install.sh: your files in '\(root)/etc/nest-bootstrap' stay

                """
        )
        #expect(try await allFiles() == ["/etc/nest-bootstrap/bootstrap.yaml"])
        #expect(!exists("/usr"))
        _ = try await run("--destdir=\(root)")
        try write("{}\n", to: "root/etc/nest-bootstrap/bootstrap.d/50-mine.yaml")
        try write("x\n", to: "root/var/lib/nest-bootstrap/cache/x")
        #expect(try await run("--destdir=\(root)", "--uninstall", "--purge").status == 0)
        let own = ["/etc/nest-bootstrap/bootstrap.d/50-mine.yaml", "/etc/nest-bootstrap/bootstrap.yaml"]
        #expect(try await allFiles() == own)
        #expect(!exists("/var/lib/nest-bootstrap"))
    }

    @Test func `a dry run prints every file, and what happens to the system`() async throws {
        let result = try await run("--dry-run")
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        #expect(result.output.contains("install.sh: would create '/usr/local/bin/nest-bootstrap'\n"))
        let end = """
            install.sh: would create user 'nest-bootstrap' and enable k8s-bootstrap.target
            install.sh: would load the units

            """
        #expect(result.output.hasSuffix(end))
    }
}
