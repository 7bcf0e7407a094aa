import Base
import Host
import TestSupport
import Testing

@testable import Actions

/// Verb `decrypt`, with the programs age and ssh-keygen.
@Suite(.temporaryDirectory, .timeLimit(.minutes(15)))
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
        let key = try Files.text(own.keyPath)
        try await withBench(Self.task(", certificate: \(own.certificatePath)")) { bench async throws in
            try encrypt(key, to: "a.age", in: bench)
            #expect(try await bench.perform("key") == "changed")
            #expect(try bench.read("root/run/k/a.key") == key)
        }
        try await withBench(Self.task(", certificate: \(other.certificatePath)")) { bench async throws in
            let words = try await bench.perform("key")
            #expect(words.hasPrefix("key 'DIR/a.age' does not belong to certificate"), "\(words)")
            // What was there stays.
            #expect(try bench.read("root/run/k/a.key") == key)
            try FileSystem.remove("\(bench.directory)/a.age")
            try encrypt("no key", to: "a.age", in: bench)
            let printed = try await bench.perform("key")
            #expect(printed.hasPrefix("'DIR/a.age' contains an invalid private key: "), "\(printed)")
            #expect(!printed.contains("no key"))
        }
    }

    @Test func `a file that cannot be read or decrypted is reported with the key that was tried, also by check`()
        async throws
    {
        try await withBench(Self.task()) { bench async throws in
            let missing = "cannot decrypt 'DIR/a.age': cannot read 'DIR/"
            #expect(try await bench.perform("key").hasPrefix("\(missing)a.age': No such file or directory;"))
            try encrypt("secret", to: "a.age", in: bench)
            let identity = "\(bench.directory)/id"
            try FileSystem.remove(identity)
            #expect(try await bench.perform("key").hasPrefix("\(missing)id': No such file or directory;"))
            for make in [
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", identity],
                ["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "", "-f", identity],
                ["age-keygen", "-o", identity],
            ] {
                try ChildProcess.run(["rm", "-f", identity, "\(identity).pub"])
                try ChildProcess.run(make)
                let words =
                    "cannot decrypt 'DIR/a.age': it is not encrypted to private key 'DIR/id', but to 1 SSH key; "
                #expect(try await bench.perform("key").hasPrefix(words), "\(make)")
                let problems = await bench.problems()
                #expect(
                    problems.count == 1 && problems[0].hasPrefix("DIR/bootstrap.yaml:1:53: \(words)"),
                    "\(problems)"
                )
            }
        }
    }

    @Test func `a file that is not complete is reported with what to do`() async throws {
        for (text, words) in [
            ("", "it is empty; put the encrypted file there again"),
            ("secret\n", "it is not encrypted by age; put the encrypted file there again"),
        ] {
            try await withBench(Self.task()) { bench async throws in
                try encrypt("secret", to: "a.age", in: bench)
                try bench.write(text, to: "a.age")
                #expect(try await bench.perform("key") == "cannot decrypt 'DIR/a.age': \(words)")
                let problems = await bench.problems()
                #expect(problems == ["DIR/bootstrap.yaml:1:53: cannot decrypt 'DIR/a.age': \(words)"])
            }
        }
        try await withBench(Self.task()) { bench async throws in
            try encrypt("secret", to: "a.age", in: bench)
            let bytes = try readFile("\(bench.directory)/a.age", limit: 1 << 16)
            for count in [150, bytes.count - 20, bytes.count - 5] {
                try FileSystem.write(Array(bytes.prefix(count)), to: "\(bench.directory)/a.age", mode: 0o644)
                let printed = try await bench.perform("key")
                #expect(printed.hasPrefix("cannot decrypt 'DIR/a.age': failed to "), "\(printed)")
                #expect(printed.hasSuffix("; the file is incomplete or damaged: put the encrypted file there again"))
            }
        }
    }

    @Test(arguments: [["-t", "ed25519"], ["-t", "rsa", "-b", "2048", "-m", "PEM"]])
    func `a private key with a password is refused, also by check`(type: [String]) async throws {
        try await withBench(Self.task()) { bench async throws in
            let identity = "\(bench.directory)/id"
            try ChildProcess.run(["ssh-keygen", "-q", "-N", "nest secret", "-C", "", "-f", identity] + type)
            try encrypt("secret", to: "a.age", in: bench)
            let words =
                "private key 'DIR/id' has a password, which nobody types on a node; run 'ssh-keygen -p -f DIR/id'"
            #expect(try await bench.perform("key").hasPrefix(words))
            let problems = await bench.problems()
            #expect(problems.count == 1 && problems[0].hasPrefix("DIR/bootstrap.yaml:1:70: \(words)"), "\(problems)")
        }
    }

    @Test func `the deadline is reported as such`() async throws {
        try await withBench(Self.task().replacing("decrypt:", with: "timeout: 1s, decrypt:")) { bench async throws in
            try encrypt("secret", to: "a.age", in: bench)
            let program = try bench.write("#!/bin/sh\nexec sleep 100000\n", to: "bin/age", mode: 0o755)
            #expect(try FileSystem.exists(program))
            let printed = try await bench.perform("key", searchPath: "\(bench.directory)/bin:/usr/bin:/bin")
            #expect(printed.hasPrefix("cannot decrypt 'DIR/a.age': age was ended at its deadline;"), "\(printed)")
        }
    }

    @Test func `check accepts every private key that decrypts`() async throws {
        try await withBench(Self.task()) { bench async throws in
            let identity = "\(bench.directory)/id"
            for type in [["ed25519"], ["rsa", "-b", "2048", "-m", "PEM"]] {
                try ChildProcess.run(["rm", "-f", identity, "\(identity).pub", "\(bench.directory)/a.age"])
                try ChildProcess.run(["ssh-keygen", "-q", "-N", "", "-C", "", "-f", identity, "-t"] + type)
                try encrypt("\(type)", to: "a.age", in: bench)
                #expect(await bench.problems() == [], "\(type)")
                #expect(try await bench.perform("key") == "changed", "\(type)")
            }
            try ChildProcess.run(["rm", "-f", identity, "\(bench.directory)/a.age"])
            try ChildProcess.run(["age-keygen", "-o", identity])
            let recipient = try await Tool.run("age-keygen", ["-y", identity]).output.filter { !$0.isNewline }
            let arguments = ["-r", recipient, "-o", "\(bench.directory)/a.age", "\(bench.directory)/id"]
            try ChildProcess.run(["age"] + arguments)
            #expect(await bench.problems() == [])
            #expect(try await bench.perform("key") == "changed")
        }
    }

    @Test func `check warns of a path on a disk, and reports what is missing`() async throws {
        try await withBench(Self.task(), root: nil) { bench async throws in
            let problems = await bench.problems()
            #expect(problems.map { $0.prefix(25) } == ["DIR/bootstrap.yaml:1:53: ", "DIR/bootstrap.yaml:1:70: "])
            #expect(problems.allSatisfy { $0.contains("No such file or directory") }, "\(problems)")
        }
        // A container may have no tmpfs there.
        let isInMemory = FileSystem.isInMemory("/run") == true
        try await withBench(Self.task(), root: nil) { bench async throws in
            let warnings = await bench.warnings().filter {
                $0.contains("'/run/k/a.key' is on a disk")
            }
            #expect(warnings.count == (isInMemory ? 0 : 1))
        }
        for (directory, isOnDisk) in [("/dev/shm", false), ("/usr/share", true)] {
            let text = Self.task().replacing("/run/k/a.key", with: "\(directory)/none/a.key")
            try await withBench(text, root: nil) { bench async throws in
                let warnings = await bench.warnings()
                let words = "DIR/bootstrap.yaml:1:31: '\(directory)/none/a.key' is on a disk"
                #expect(
                    warnings.count == (isOnDisk ? 1 : 0) && warnings.allSatisfy { $0.hasPrefix(words) },
                    "\(warnings)"
                )
            }
        }
    }
}
