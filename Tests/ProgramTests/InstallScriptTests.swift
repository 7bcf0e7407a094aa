import TestSupport
import Testing

/// The install script of the archive, with a small tree of files and a system whose answers the tests choose.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
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
            ("ldd", ""), ("bwrap", ""), ("ldconfig", "libcurl.so.4 (libc6,x86-64)"),
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

    @Test(arguments: [
        (["--force"], "unknown flag '--force'"), (["--prefix", "/opt"], "below '/opt'"),
        (["--destdir", "/usr/..//"], "'/usr/..//' is the root of the running system"),
    ])
    func `wrong usage exits with 64`(arguments: [String], message: String) async throws {
        let result = try await Tool.run(script, arguments)
        #expect(result.status == 64)
        #expect(result.errors.contains(message), "\(result.errors)")
    }

    @Test func `files are installed with their modes and the paths of the prefix`() async throws {
        let result = try await run("--destdir=\(root)")
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        #expect(result.output.hasSuffix("install.sh: nest-bootstrap 1.2.3 is installed in '\(root)/usr/local'\n"))
        let documents = "/usr/local/share/doc/nest-bootstrap/examples"
        #expect(try await allFiles().count == 8)
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
        #expect(preview.outputLines.count == 2, "\(preview.output)")
        #expect(exists("/usr/share/nest-bootstrap/rbac/a.yaml"))
        #expect(try await run("--destdir=\(root)").status == 0)
        #expect(!exists("/usr/share/nest-bootstrap/rbac"))
        #expect(try text("/usr/share/nest-bootstrap/manifests/b.yaml") == "{new: 1}\n")
        let again = try await run("--destdir=\(root)", "--dry-run")
        #expect(again.output == "")
        let other = try await run("--destdir=\(root)", "--prefix=/usr/local")
        #expect(other.errors.hasPrefix("install.sh: nest-bootstrap is installed in '\(root)/usr'; use --prefix=/usr"))
        #expect(other.status == 1)
    }

    @Test func `examples are installed on request, upgraded after that, and removed`() async throws {
        let guide = "/usr/local/share/doc/nest-bootstrap/examples/migration/guide.md"
        try Files.removeTree("\(directory)/archive/examples")
        let none = try await run("--destdir=\(root)", "--examples")
        #expect(none.errors.contains("'\(directory)/archive/examples' does not exist; nothing was changed"))
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
        #expect(removed.output.contains("your files in '\(root)/etc/nest-bootstrap' stay"), "\(removed.output)")
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
}

/// What the script reports, and what it leaves, where it cannot do its work.
extension InstallScriptTests {
    @Test(arguments: [
        ("id", "echo 1000", "only root can install"), ("uname", "echo aarch64", "for x86_64, this machine is aarch64"),
        ("getconf", "echo glibc 2.35", "glibc 2.35 is too old"),
        ("systemctl", "echo 'systemd 249 (249.11)'", "systemd 249 is too old"),
        ("ldd", "printf '\\tlibyaml-0.so.2 => not found\\n'", "run 'apt install libyaml-0-2'"),
        ("ldconfig", "true", "run 'apt install libcurl4'"),
        ("dpkg-query", "printf installed", "the Debian package is installed"),
    ])
    func `a system that lacks something is refused before anything is installed`(
        program: String,
        command: String,
        message: String
    ) async throws {
        try fake(program, command)
        let result = try await program == "id" ? run("--prefix", "/usr") : run("--dry-run")
        #expect(result.status == 1)
        #expect(result.errorLines.count == 1 && result.errors.contains(message), "\(result.errors)")
        #expect(result.output == "")
    }

    @Test(arguments: [("echo no such symbol >&2; exit 127", "no such symbol"), ("exit 132", "exit status 132")])
    func `a program that cannot run is refused with its reason`(program: String, reason: String) async throws {
        try write("#!/bin/sh\n\(program)\n", to: "archive/files/usr/bin/nest-bootstrap", mode: 0o755)
        let result = try await run("--dry-run")
        #expect(result.status == 1)
        #expect(result.errors == "install.sh: the program cannot run here: \(reason)\n")
    }

    @Test func `an interrupted upgrade can be repeated, and removed`() async throws {
        _ = try await run("--destdir=\(root)")
        for name in ["a", "b"] {
            try write("{}\n", to: "archive/files/usr/share/nest-bootstrap/manifests/\(name).yaml")
        }
        try Files.removeTree("\(directory)/archive/files/usr/share/nest-bootstrap/rbac")
        try fake("mv", "case $* in */b.yaml) echo 'no space left' >&2; exit 1 ;; esac; exec /bin/mv \"$@\"")
        let interrupted = try await run("--destdir=\(root)")
        #expect(interrupted.status == 1)
        let message = "the installation is incomplete; run '\(script) --destdir=\(root)' again, or with --uninstall"
        #expect(interrupted.errors == "no space left\ninstall.sh: \(message)\n")
        #expect(exists("/usr/local/share/nest-bootstrap/manifests/a.yaml"))
        #expect(exists("/usr/local/share/nest-bootstrap/rbac/a.yaml"))
        #expect(try await Tool.run("cp", ["-a", root, "\(directory)/copy"]).status == 0)
        try Files.remove("\(directory)/bin/mv")
        #expect(try await run("--destdir=\(root)").status == 0)
        #expect(!exists("/usr/local/share/nest-bootstrap/rbac"))
        #expect(!exists("/usr/local/share/nest-bootstrap/installing"))
        #expect(try await run("--destdir=\(directory)/copy", "--uninstall", "--purge").status == 0)
        #expect(try await Tool.run("find", ["\(directory)/copy", "-mindepth", "1"]).output == "")
    }

    @Test(arguments: ["*/bin/nest-bootstrap", "*/nest-bootstrap/installing", "*/rbac/a.yaml"])
    func `what was interrupted at any file can be removed, and installed`(file: String) async throws {
        let kill = "case $* in \(file)) kill -KILL $PPID ;; esac"
        try fake("mv", "/bin/mv \"$@\" && \(kill)")
        try Files.makeDirectories("\(directory)/tmp")
        let environment: [String: String?] = ["PATH": "\(directory)/bin:/usr/bin:/bin", "TMPDIR": "\(directory)/tmp"]
        let killed = try await Tool.run(script, ["--destdir=\(root)"], environment: environment)
        #expect(killed.status == 137)
        #expect(try await Tool.run("cp", ["-a", root, "\(directory)/copy"]).status == 0)
        try Files.remove("\(directory)/bin/mv")
        #expect(try await run("--destdir=\(directory)/copy", "--uninstall", "--purge").status == 0)
        #expect(try await Tool.run("find", ["\(directory)/copy", "-mindepth", "1"]).output == "")
        #expect(try await run("--destdir=\(root)").status == 0)
        #expect(try await allFiles().count == 8)
    }

    @Test func `directories that were there before stay`() async throws {
        try Files.makeDirectories("\(root)/usr/local/lib")
        try Files.makeDirectories("\(root)/usr/local/share/man")
        _ = try await run("--destdir=\(root)")
        // What an upgrade keeps of the list.
        _ = try await run("--destdir=\(root)")
        #expect(try await run("--destdir=\(root)", "--uninstall", "--purge").status == 0)
        let left = try await Tool.run("find", [root, "-mindepth", "1", "-printf", "/%P\\n"]).outputLines.sorted()
        #expect(left == ["/usr", "/usr/local", "/usr/local/lib", "/usr/local/share", "/usr/local/share/man"])
    }

    @Test func `a signal leaves no temporary files, and the installation can be repeated`() async throws {
        try Files.makeDirectories("\(directory)/tmp")
        try fake("mv", "case $* in */rbac/a.yaml) kill -TERM $PPID ;; esac; exec /bin/mv \"$@\"")
        let environment: [String: String?] = ["PATH": "\(directory)/bin:/usr/bin:/bin", "TMPDIR": "\(directory)/tmp"]
        let ended = try await Tool.run(script, ["--destdir=\(root)"], environment: environment)
        #expect(ended.status == 143)
        let message = "the installation is incomplete; run '\(script) --destdir=\(root)' again, or with --uninstall"
        #expect(ended.errors == "install.sh: \(message)\n")
        #expect(try await Tool.run("ls", ["-A", "\(directory)/tmp"]).output == "")
        #expect(exists("/usr/local/share/nest-bootstrap/installing"))
        #expect(try await run("--destdir=\(root)").status == 0)
        #expect(!exists("/usr/local/share/nest-bootstrap/installing"))
    }
}
