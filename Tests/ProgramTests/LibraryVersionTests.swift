import TestSupport
import Testing

/// The check of the C library that `make deb` makes, with packages of another program.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
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

    @Test func `a package for a C library that is too old for the program is refused`() async throws {
        let result = try await check("systemd (>= 252), libc6 (>= 2.17-1~deb8u1), libyaml-0-2")
        #expect(result.status == 1)
        #expect(result.errors.contains("package.deb' depends on libc6 2.17-1~deb8u1, but its program needs 2."))
        #expect(result.errors.hasSuffix("; build it with an older C library, or correct Depends\n"), "\(result.errors)")
    }

    @Test func `a package for a later C library is accepted`() async throws {
        let result = try await check("libc6 (>= 2.99)")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasSuffix(", and the package depends on libc6 2.99\n"), "\(result.output)")
    }

    @Test func `a package that names no version of the C library is refused`() async throws {
        let result = try await check("libc6, libyaml-0-2")
        #expect(result.status == 1)
        #expect(result.errors.hasSuffix("package.deb' names no version of libc6 in Depends\n"), "\(result.errors)")
    }
}
