import Glibc
import TestSupport
import Testing

extension IndependentBootedTests {
    /// The package repository on machines that install from it over HTTP.
    @Suite(.temporaryDirectory) struct RepositoryTests {
        /// A directory that a web server on loopback serves, and keys that were made for the test.
        private struct Repository {
            /// The address in place of that of the documents.
            let address: String

            /// The fingerprints of three keys.
            let keys: [String]

            /// Runs a script in the root of the sources, with the keys, in which `make_repository KEYS [FILE...]` writes
            /// the repository that is served.
            @discardableResult
            func script(_ text: String) async throws -> String {
                let functions = """
                    make_repository() {
                        keys=$1
                        shift
                        tools/repository --key "$keys" "$DIRECTORY/served/nest-bootstrap" "$@"
                    }
                    keep() { rm -rf "$DIRECTORY/kept" && cp -a "$DIRECTORY/served/nest-bootstrap" "$DIRECTORY/kept"; }
                    restore() {
                        rm -rf "$DIRECTORY/served/nest-bootstrap"
                        cp -a "$DIRECTORY/kept" "$DIRECTORY/served/nest-bootstrap"
                    }
                    cd "$SOURCES"

                    """
                let variables = [
                    "DIRECTORY": TemporaryDirectory.path, "SOURCES": TestCluster.sourceRoot,
                    "GNUPGHOME": TemporaryDirectory.file("gpg"), "OLD": keys[0], "NEW": keys[1], "OTHER": keys[2],
                    "PACKAGE": TestMachine.package, "EXAMPLES": TestMachine.examples,
                ]
                let result = try await Tool.run("bash", ["-euc", functions + text], environment: variables)
                try #require(result.status == 0, "\(text): \(result.output)\(result.errors)")
                return result.output
            }

            /// Adds a package with the files of the newest one as a later version, such as `0.1.0-3`.
            func add(_ version: String, signedBy keys: String) async throws {
                try await script(
                    """
                    dpkg-deb --raw-extract "$PACKAGE" "$DIRECTORY/later"
                    sed -i 's/^Version:.*/Version: \(version)/' "$DIRECTORY/later/DEBIAN/control"
                    file=$DIRECTORY/nest-bootstrap_\(version)_$(dpkg --print-architecture).deb
                    dpkg-deb -Zgzip --root-owner-group --build "$DIRECTORY/later" "$file"
                    rm -r "$DIRECTORY/later"
                    make_repository "\(keys)" "$file"
                    """
                )
            }
        }

        /// Makes the keys, serves a directory on loopback, and ends both afterwards.
        private func withRepository(_ body: (Repository) async throws -> Void) async throws {
            let make = """
                mkdir -m 700 "$1/gpg" && mkdir "$1/served"
                export GNUPGHOME=$1/gpg
                for name in old new other; do
                    gpg --batch --quiet --passphrase '' --quick-generate-key "$name <$name@example.org>" rsa3072 sign 1y
                    gpg --batch --with-colons --list-keys "$name@" | sed -n 's/^fpr:*\\([0-9A-F]*\\):$/\\1/p'
                done
                """
            let keys = try await Tool.run("bash", ["-euc", make, "bash", TemporaryDirectory.path])
            try #require(keys.status == 0 && keys.outputLines.count == 3, "\(keys.output)\(keys.errors)")
            let served = [
                "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", TemporaryDirectory.file("served"),
            ]
            let server = try Tool("python3", served + ["0"])
            let result: Result<Void, any Error>
            do {
                try #require(try await TestSupport.becomes { server.outputSoFar().contains(" port ") })
                let port = server.outputSoFar().split(separator: " ").first { Int($0) != nil } ?? ""
                let address = "http://127.0.0.1:\(port)/nest-bootstrap"
                result = .success(
                    try await body(Repository(address: address, keys: keys.outputLines.map { String($0) }))
                )
            } catch {
                result = .failure(error)
            }
            server.signal(SIGTERM)
            _ = await server.result()
            let home = ["GNUPGHOME": TemporaryDirectory.file("gpg")]
            _ = try await Tool.run("gpgconf", ["--kill", "gpg-agent"], environment: home)
            try result.get()
        }

        /// Returns the lines with which a node gets the repository, with another address.
        private func documentedLines(_ address: String) throws -> String {
            let text = try Files.text("\(TestCluster.sourceRoot)/docs/installing.md")
            let section = try #require(text.split(separator: "\n## The repository\n", maxSplits: 1).last)
            let lines = section.split(separator: "\n", omittingEmptySubsequences: false)
            let block = lines.drop { $0 != "```sh" }.dropFirst().prefix { $0 != "```" }
            let script = block.joined(separator: "\n")
            try #require(script.contains("apt install nest-bootstrap "), "\(script)")
            // A placeholder before the first release, then the address of the project.
            let line = try #require(block.first { $0.hasPrefix("URIs: ") && $0.hasSuffix("/debian") }, "\(script)")
            let placeholder = line.dropFirst("URIs: ".count).dropLast("/debian".count)
            let parts = script.split(separator: placeholder, omittingEmptySubsequences: false)
            try #require(parts.count == 3, "\(script)")
            return parts.joined(separator: address)
        }

        /// Returns what `apt update` prints, whether or not it fails.
        private func update(_ machine: TestMachine) async throws -> String {
            try await machine.output("apt-get update 2>&1")
        }

        private func version(_ machine: TestMachine) async throws -> String {
            try await machine.must("dpkg-query -Wf '${Version}' nest-bootstrap")
        }

        private func candidate(_ machine: TestMachine) async throws -> String? {
            let lines = try await machine.output("apt-cache policy nest-bootstrap").split(separator: "\n")
            return lines.first { $0.contains("Candidate:") }?.split(separator: " ").last.map(String.init)
        }

        /// Expects that `apt update` accepts the repository, and upgrades.
        private func upgrade(_ machine: TestMachine, to expected: String) async throws {
            let text = try await update(machine)
            #expect(!text.contains("W:") && !text.contains("E:"), "\(text)")
            try await machine.must("apt-get upgrade 2>&1")
            #expect(try await version(machine) == expected)
        }

        @Test
        func `Debian 12 installs by the documented lines, refuses what is not signed, and survives a change of key`()
            async throws
        {
            try await withRepository { repository in
                try await repository.script("make_repository $OLD \"$PACKAGE\" $EXAMPLES")
                try await TestMachine.withFresh("w1", package: "") { machine in
                    try await machine.boot()
                    #expect(try await machine.isRunningWithoutFailures())
                    // apt asks no question; so does a person who answers yes.
                    try await machine.place("APT::Get::Assume-Yes \"true\";\n", at: "/etc/apt/apt.conf.d/yes")
                    let lines = try documentedLines(repository.address)
                    try await machine.must("set -eu\n\(lines)\n")
                    try await expectInstalled(machine)
                    try await expectUpgrade(machine, repository)
                    try await expectRefusals(machine, repository)
                    try await expectChangeOfKey(machine, repository)
                }
            }
        }

        /// Expects the package of this release, and the keys.
        private func expectInstalled(_ machine: TestMachine) async throws {
            #expect(try await version(machine).hasSuffix("+deb12"))
            let depends = try await machine.must("dpkg-query -Wf '${Depends}' nest-bootstrap")
            #expect(depends.contains("libcurl4,") && depends.contains("bubblewrap"), "\(depends)")
            try await machine.must("apt-get check && nest-bootstrap --version")
            let owner = "dpkg --search /usr/share/keyrings/nest-bootstrap-archive-keyring.gpg"
            #expect(try await machine.must(owner).hasPrefix("nest-bootstrap-archive-keyring:"))
        }

        /// Upgrades while a task is active.
        private func expectUpgrade(_ machine: TestMachine, _ repository: Repository) async throws {
            let tasks = "tasks: {here: {symlink: {path: /run/here, target: /etc}}}\n"
            try await machine.place(tasks, at: "/etc/nest-bootstrap/bootstrap.yaml")
            try await machine.must("systemctl daemon-reload && systemctl start k8s-bootstrap.target")
            try await machine.must("nest-bootstrap status --wait=10m")
            let ask = "systemctl show -p ActiveEnterTimestampMonotonic k8s-bootstrap-here"
            let started = try await machine.must(ask)
            try await repository.add("0.1.0-90", signedBy: "$OLD")
            try await upgrade(machine, to: "0.1.0-90+deb12")
            #expect(try await machine.must(ask) == started)
        }

        /// Expects that apt takes nothing from a repository that is signed by another key.
        private func expectRefusals(_ machine: TestMachine, _ repository: Repository) async throws {
            let current = try await version(machine)
            try await repository.script("keep")
            try await repository.add("0.1.0-91", signedBy: "$OTHER")
            let text = try await update(machine)
            #expect(text.contains("NO_PUBKEY") || text.contains("Missing key"), "\(text)")
            #expect(try await candidate(machine) == current)

            try await repository.script("restore; make_repository $OLD")
            try await upgrade(machine, to: current)
        }

        /// Changes the key: a node that is upgraded while both sign survives, and another one is repaired by the line of
        /// the documents.
        private func expectChangeOfKey(_ machine: TestMachine, _ repository: Repository) async throws {
            let keyring = "/usr/share/keyrings/nest-bootstrap-archive-keyring.gpg"
            try await machine.must("cp \(keyring) /root/former.gpg")
            try await repository.add("0.1.0-92", signedBy: "$OLD $NEW")
            try await upgrade(machine, to: "0.1.0-92+deb12")
            try await repository.add("0.1.0-93", signedBy: "$NEW")
            try await upgrade(machine, to: "0.1.0-93+deb12")
            #expect(try await update(machine).contains("W:") == false)

            try await machine.must("cp /root/former.gpg \(keyring)")
            try await repository.add("0.1.0-94", signedBy: "$NEW")
            let text = try await update(machine)
            #expect(text.contains("NO_PUBKEY") || text.contains("Missing key"), "\(text)")
            #expect(try await candidate(machine) == "0.1.0-93+deb12")
            let repair = try documentedLines(repository.address).split(separator: "cat >", maxSplits: 1)[0]
            try await machine.must(String(repair))
            try await upgrade(machine, to: "0.1.0-94+deb12")
        }
    }
}
