import TestSupport
import Testing

/// The evaluation of Nix files by command `import`.
extension ImportTests {
    @Test(.enabled(if: canEvaluate, noNix))
    func `a Nix file may be named by links and with two dots, and its mistakes have places`() async throws {
        let directory = TemporaryDirectory.file("a b'$")
        try Files.makeDirectories("\(directory)/real")
        try Files.write(Array("{\n  a = absent; }".utf8), to: "\(directory)/real/c:d.nix", mode: 0o644)
        try #require(try await Tool.run("ln", ["-s", "real", "\(directory)/linked"]).status == 0)
        try #require(try await Tool.run("ln", ["-s", "real/c:d.nix", "\(directory)/link.nix"]).status == 0)
        for name in ["real/c:d.nix", "linked/c:d.nix", "link.nix", "linked/../real/c:d.nix"] {
            let path = "\(directory)/\(name)"
            let result = try await read("nico", path)
            #expect(result.errors == "\(path):2:7: Nix cannot evaluate this: undefined variable 'absent'\n")
        }
    }

    @Test(.enabled(if: canEvaluate, noNix))
    func `an evaluation without end is ended`() async throws {
        let path = TemporaryDirectory.file("cluster.nix")
        let text = "let r = n: if n == 0 then 1 else r (n - 1) + r (n - 1); in { a = r 80; }"
        try Files.write(Array(text.utf8), to: path, mode: 0o644)
        let environment: [String: String?] = ["NEST_ROLE": nil, "JOURNAL_STREAM": nil]
        let tool = try Tool(TestNode.program, ["import", "nico", path], environment: environment)
        #expect(try await becomes { try isEvaluated(path) })
        let result = await tool.result()
        #expect(try isEvaluated(path) == false)
        #expect(result.status == 78)
        #expect(result.output == "")
        #expect(
            result.errors == "\(path): Nix cannot evaluate the file within 20 seconds; "
                + "write the values themselves instead of what computes them\n"
        )
    }

    /// Whether a process of Nix has a file in its arguments.
    private func isEvaluated(_ path: String) throws -> Bool {
        try Files.list("/proc").filter { $0.allSatisfy(\.isNumber) }.contains { process in
            // A process may end while it is looked at.
            let bytes = (try? Files.read("/proc/\(process)/cmdline")) ?? []
            return String(decoding: bytes, as: UTF8.self).contains("nest=\(path)")
        }
    }

    @Test func `Nix has to be there for Nix files only`() async throws {
        let path = TemporaryDirectory.file("cluster.nix")
        try Files.write(Array("{ }".utf8), to: path, mode: 0o644)
        let result = try await read("nico", path, environment: ["PATH": "/nonexistent"])
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(
            result.errors == "nest-bootstrap: cannot run 'nix-instantiate': not found in PATH '/nonexistent'; "
                + "install Nix (package nix-bin), or import the file as JSON, as nix-instantiate prints it elsewhere\n"
        )
    }

    @Test(.enabled(if: canEvaluate, noNix))
    func `a failure of Nix itself is no mistake in the file`() async throws {
        let path = TestProcess.environment["PATH"] ?? ""
        // Nix without an option that it needs, as older versions are.
        let script = "#!/bin/sh\nPATH=${PATH#*:}\nexec nix-instantiate --unknown-option \"$@\"\n"
        try Files.write(Array(script.utf8), to: TemporaryDirectory.file("nix-instantiate"), mode: 0o755)
        let environment: [String: String?] = ["PATH": "\(TemporaryDirectory.path):\(path)"]
        let result = try await read("nico", Self.examples + "/cluster.nix", environment: environment)
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(
            result.errors == "nest-bootstrap: 'nix-instantiate' cannot evaluate any file (unrecognised flag "
                + "'--unknown-option'); update Nix (package nix-bin), or import the file as JSON, as nix-instantiate "
                + "prints it elsewhere\n"
        )
    }
}
