import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// Verb `decrypt`, with the programs age and ssh-keygen.
@Suite(.temporaryDirectory, .timeLimit(.minutes(3)))
struct DecryptActionTests {
    /// Makes an SSH key of the node, and what is encrypted to it.
    private func encrypt(_ text: String, to name: String, in bench: Bench) throws {
        try bench.write(text, to: "clear")
        let identity = "\(bench.directory)/id"
        if try !FileSystem.exists(identity) {
            try ChildProcess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", identity])
        }
        let arguments = ["-R", "\(identity).pub", "-o", "\(bench.directory)/\(name)", "\(bench.directory)/clear"]
        try ChildProcess.run(["age"] + arguments)
        try FileSystem.remove("\(bench.directory)/clear")
    }

    private static func task(_ more: String = "") -> String {
        "tasks: {key: {decrypt: {path: /run/k/a.key, source: a.age, identity: id\(more)}}}\n"
    }

    @Test func `a file is decrypted once, and again when its content or mode has changed`() async throws {
        try await withBench(Self.task()) { bench async throws in
            try encrypt("secret", to: "a.age", in: bench)
            #expect(try await bench.perform("key") == "changed")
            #expect(try bench.read("root/run/k/a.key") == "secret")
            #expect(try FileSystem.status("\(bench.directory)/root/run/k/a.key")?.mode == 0o600)
            #expect(try await bench.perform("key") == "unchanged")
            try FileSystem.remove("\(bench.directory)/a.age")
            try encrypt("another", to: "a.age", in: bench)
            #expect(try await bench.perform("key") == "changed")
            #expect(try bench.read("root/run/k/a.key") == "another")
            try bench.write("another", to: "root/run/k/a.key", mode: 0o644)
            #expect(try await bench.perform("key") == "changed")
            #expect(try FileSystem.status("\(bench.directory)/root/run/k/a.key")?.mode == 0o600)
            #expect(try FileSystem.list("\(bench.directory)/root/run/k") == ["a.key"])
        }
    }

    @Test func `a dry run decrypts and shows nothing of it`() async throws {
        try await withBench(Self.task(), isDryRun: true) { bench async throws in
            try encrypt("secret", to: "a.age", in: bench)
            #expect(try await bench.perform("key") == "changed")
            #expect(bench.lines == ["/run/k/a.key created"])
            #expect(try bench.read("root/run/k/a.key") == nil)
        }
    }

    @Test func `only the key of the certificate is put in place`() async throws {
        let authority = try TestAuthority()
        let own = try authority.issue("own", subject: "/CN=own")
        let other = try authority.issue("other", subject: "/CN=other")
        let key = String(decoding: try FileSystem.read(own.keyPath, limit: 1 << 16), as: UTF8.self)
        try await withBench(Self.task(", certificate: \(own.certificatePath)")) { bench async throws in
            try encrypt(key, to: "a.age", in: bench)
            #expect(try await bench.perform("key") == "changed")
            #expect(try bench.read("root/run/k/a.key") == key)
        }
        try await withBench(Self.task(", certificate: \(other.certificatePath)")) { bench async throws in
            let expected =
                "key 'DIR/a.age' does not belong to certificate '\(other.certificatePath)' ('CN=other'), "
                + "so '/run/k/a.key' was not written; "
                + "install both files of one set, as 'nest-bootstrap certificates renew' has made them"
            #expect(try await bench.perform("key") == expected)
            // What was there stays.
            #expect(try bench.read("root/run/k/a.key") == key)
            try FileSystem.remove("\(bench.directory)/a.age")
            try encrypt("no key", to: "a.age", in: bench)
            let printed = try await bench.perform("key")
            #expect(printed.hasPrefix("'DIR/a.age' contains an invalid private key: "), "\(printed)")
            #expect(!printed.contains("no key"))
        }
    }

    @Test func `a file that cannot be decrypted is reported with the key that was tried`() async throws {
        try await withBench(Self.task()) { bench async throws in
            let missing = "cannot decrypt 'DIR/a.age': cannot read 'DIR/"
            #expect(
                try await bench.perform("key")
                    == "\(missing)a.age': No such file or directory; "
                    + "put the file there, or correct 'source' at DIR/bootstrap.yaml:1:53"
            )
            try encrypt("secret", to: "a.age", in: bench)
            try FileSystem.remove("\(bench.directory)/id")
            #expect(
                try await bench.perform("key")
                    == "\(missing)id': No such file or directory; "
                    + "put the key there, or name another one with 'identity'"
            )
            try ChildProcess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "\(bench.directory)/id"]
            )
            #expect(
                try await bench.perform("key")
                    == "cannot decrypt 'DIR/a.age': no identity matched any of the recipients (with 'DIR/id'); "
                    + "encrypt it to this key, or name one that it is encrypted to with 'identity'"
            )
        }
    }

    @Test func `check warns of a path on a disk, and reports what is missing`() async throws {
        try await withBench(Self.task(), root: nil) { bench async throws in
            let problems = await bench.problems()
            #expect(
                problems == [
                    "DIR/bootstrap.yaml:1:53: cannot read 'DIR/a.age': No such file or directory; "
                        + "put the file there, or correct the path",
                    "DIR/bootstrap.yaml:1:70: cannot read 'DIR/id': No such file or directory; "
                        + "put the file there, or correct the path",
                ]
            )
        }
        for (directory, isOnDisk) in [("/dev/shm", false), ("/usr/share", true)] {
            let text = Self.task().replacing("/run/k/a.key", with: "\(directory)/none/a.key")
            try await withBench(text, root: nil) { bench async throws in
                let warning =
                    "DIR/bootstrap.yaml:1:31: '\(directory)/none/a.key' is on a disk, which keeps the decrypted file "
                    + "when the node is off; write a path below /run, such as path: /run/kubernetes/a.key"
                #expect(await bench.warnings() == (isOnDisk ? [warning] : []))
            }
        }
    }
}
