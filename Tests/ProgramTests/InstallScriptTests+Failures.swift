import TestSupport
import Testing

/// What the script reports, and what it leaves, where it cannot do its work.
extension InstallScriptTests {
    @Test(arguments: [
        ("id", "echo 1000", "only root can install; run 'sudo SCRIPT --prefix=/usr'"),
        ("uname", "echo aarch64", "the program is for x86_64, this machine is aarch64"),
        (
            "getconf", "exit 1",
            "the C library of this system is not glibc; the program needs glibc 2.36 or later"
        ),
        ("getconf", "echo glibc 2.35", "glibc 2.35 is too old; the program needs glibc 2.36 or later"),
        ("systemctl", "exit 1", "systemd is not installed; the tasks are its units"),
        ("systemctl", "echo 'systemd 249 (249.11)'", "systemd 249 is too old; the units need systemd 252 or later"),
        (
            "ldd", "printf '\\tlibyaml-0.so.2 => not found\\n\\tlibc.so.6 => /lib/libc.so.6 (0x1)\\n'",
            "library 'libyaml-0.so.2' is missing; run 'apt install libyaml-0-2'"
        ),
        (
            "ldd", "printf '\\tlibldap.so.2 => not found\\n'",
            "library 'libldap.so.2' is missing; install the package of this distribution that has it"
        ),
        (
            "dpkg-query", "printf installed",
            "the Debian package is installed; upgrade that, or run 'apt remove nest-bootstrap' first"
        ),
    ])
    func `a system that lacks something is refused before anything is installed`(
        program: String,
        command: String,
        message: String
    ) async throws {
        try fake(program, command)
        let result = try await program == "id" ? run("--prefix", "/usr") : run("--dry-run")
        #expect(result.status == 1)
        #expect(result.errors == "install.sh: \(message.replacing("SCRIPT", with: script))\n")
        #expect(result.output == "")
    }

    @Test(arguments: [("echo no such symbol >&2; exit 127", "no such symbol"), ("exit 132", "exit status 132")])
    func `a program that cannot run is refused with its reason`(program: String, reason: String) async throws {
        try write("#!/bin/sh\n\(program)\n", to: "archive/files/usr/bin/nest-bootstrap", mode: 0o755)
        let result = try await run("--dry-run")
        #expect(result.status == 1)
        #expect(result.errors == "install.sh: the program cannot run here: \(reason)\n")
    }

    @Test func `a system without the dynamic linker is refused`() async throws {
        let loader = "/lib64/missing.so.2"
        try await makeScript(loader: loader)
        let result = try await run("--dry-run")
        #expect(result.status == 1)
        let message = "the dynamic linker '\(loader)' does not exist; the program needs that of glibc for x86_64"
        #expect(result.errors == "install.sh: \(message)\n")
    }

    @Test(arguments: ["glibc 2.36", "glibc 2.41.9000", "glibc 3.0"])
    func `the required glibc and later ones are accepted`(version: String) async throws {
        try fake("getconf", "echo '\(version)'")
        let result = try await run("--dry-run")
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    }

    @Test(.enabled(if: TestProcess.isRoot, "only root can mount"))
    func `a read-only file system is reported before anything is installed`() async throws {
        try Files.makeDirectories(root)
        let mount = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && shift && exec \"$@\""
        let arguments = ["--mount", "sh", "-c", mount, "sh", root, script, "--destdir=\(root)"]
        let result = try await Tool.run("unshare", arguments)
        #expect(result.status == 1 && result.output == "")
        let hint = "remount its file system read-write, or use another --prefix or --destdir"
        #expect(result.errors == "install.sh: directory '\(root)' is not writable; \(hint)\n")
        #expect(try await allFiles() == [])
    }

    @Test(arguments: [
        ("ID=ubuntu\nID_LIKE=debian\n", "run 'apt install libcurl4'"),
        ("ID=fedora\n", "run 'dnf install libcurl'"),
        ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "run 'dnf install libcurl'"),
        ("ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n", "run 'zypper install libcurl4'"),
        ("ID=arch\n", "run 'pacman -S curl'"),
        ("ID=void\n", "it is in libcurl4 of Debian, libcurl of Fedora, libcurl4 of openSUSE, curl of Arch"),
    ])
    func `a missing library has the package of the distribution`(release: String, advice: String) async throws {
        try write(release, to: "os-release")
        try fake("ldd", "printf '\\tlibcurl.so.4 => not found\\n'")
        let result = try await run("--dry-run")
        #expect(result.status == 1)
        #expect(result.errors == "install.sh: library 'libcurl.so.4' is missing; \(advice)\n")
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

    @Test func `too little space for temporary files is reported once`() async throws {
        let print = "echo \"cp: error writing '$i': No space left on device\" >&2"
        try fake("cp", "for i in a b c; do \(print); done; exit 1")
        let result = try await run("--destdir=\(root)")
        #expect(result.status == 1 && result.output == "")
        let hint = "nothing was changed; set TMPDIR to a directory with more space"
        #expect(result.errors == "install.sh: cp: error writing 'a': No space left on device; \(hint)\n")
        #expect(!exists(""))
    }

    @Test func `an archive that was unpacked in part is not blamed on TMPDIR`() async throws {
        try fake("cp", "echo \"cp: cannot stat 'a': No such file or directory\" >&2; exit 1")
        let result = try await run("--destdir=\(root)")
        #expect(result.status == 1 && result.output == "")
        let error = "cp: cannot stat 'a': No such file or directory"
        #expect(result.errors == "install.sh: \(error); nothing was changed; unpack the archive again\n")
        try fake("cp", "echo \"cp: error reading 'a': Input/output error\" >&2; exit 1")
        let other = try await run("--destdir=\(root)")
        #expect(other.errors == "install.sh: cp: error reading 'a': Input/output error; nothing was changed\n")
        #expect(!exists(""))
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

    @Test func `an interrupted removal can be repeated`() async throws {
        _ = try await run("--destdir=\(root)")
        try fake("rm", "case $* in */rbac/a.yaml*) echo 'busy' >&2; exit 1 ;; esac; exec /bin/rm \"$@\"")
        let interrupted = try await run("--destdir=\(root)", "--uninstall")
        #expect(interrupted.status == 1)
        let message = "the removal is incomplete; run '\(script) --destdir=\(root) --uninstall' again"
        #expect(interrupted.errors == "busy\ninstall.sh: \(message)\n")
        #expect(!exists("/usr/local/bin/nest-bootstrap"))
        // The copy that is run again.
        #expect(exists("/usr/local/share/nest-bootstrap/install.sh"))
        try Files.remove("\(directory)/bin/rm")
        #expect(try await run("--destdir=\(root)", "--uninstall").status == 0)
        #expect(try await allFiles() == [])
    }

    @Test func `paths may have spaces, and CDPATH does not matter`() async throws {
        let command = "mv archive 'an archive' && CDPATH=/usr sh 'an archive/install.sh' --destdir=\"$PWD/a root\""
        let result = try await Tool.run("sh", ["-euc", "cd \"$1\" && \(command)", "sh", directory])
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        #expect(result.output.hasSuffix(" is installed in '\(directory)/a root/usr/local'\n"), "\(result.output)")
        let other = ["--destdir", "\(directory)/a root", "--prefix=/usr"]
        let refused = try await Tool.run("\(directory)/an archive/install.sh", other)
        let advice = "\"\(directory)/an archive/install.sh\" \"--destdir=\(directory)/a root\" --uninstall"
        #expect(refused.errors.hasSuffix("; use --prefix=/usr/local, or run '\(advice)' first\n"), "\(refused.errors)")
        let program = try Files.status("\(directory)/a root/usr/local/bin/nest-bootstrap")
        #expect(program?.kind == .regular)
    }

    @Test func `slashes at the end of a directory do not matter`() async throws {
        let result = try await run("--destdir=\(root)//", "--prefix=/usr/local/")
        #expect(result.status == 0 && result.errors == "", "\(result.errors)")
        #expect(result.output.hasSuffix(" is installed in '\(root)/usr/local'\n"), "\(result.output)")
        #expect(exists("/usr/local/bin/nest-bootstrap"))
    }

    @Test func `a printed command can be copied to a shell whatever the names are`() async throws {
        let other = "\(directory)/a $HOME `b` \"c\" d's;e"
        #expect(try await run("--destdir=\(other)", "--prefix=/usr").status == 0)
        let refused = try await run("--destdir=\(other)", "--prefix=/usr/local")
        let word = "\"--destdir=\(directory)/a \\$HOME \\`b\\` \\\"c\\\" d's;e\""
        #expect(refused.errors.hasSuffix(", or run '\(script) \(word) --uninstall' first\n"), "\(refused.errors)")
        let copied = try await Tool.run("sh", ["-c", "\(script) \(word) --uninstall"])
        #expect(copied.status == 0, "\(copied.errors)")
    }

    @Test func `only root can remove the program`() async throws {
        try fake("id", "echo 1000")
        let result = try await run("--uninstall")
        #expect(result.status == 1)
        #expect(result.errors == "install.sh: only root can uninstall; run 'sudo \(script) --uninstall'\n")
    }

    @Test func `a script without its archive says so`() async throws {
        try Files.removeTree("\(directory)/archive/files")
        let result = try await run("--dry-run")
        #expect(result.status == 1)
        let hint = "run the install.sh of the archive"
        #expect(result.errors == "install.sh: '\(directory)/archive/files' does not exist; \(hint)\n")
    }
}
