import TestSupport
import Testing

/// The manual pages, as mandoc reads them.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
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

    @Test func `every command, flag and key has its place`() async throws {
        let directory = try await directory()
        func text(_ page: String) async throws -> String {
            let script = "gzip -dc \"$1.gz\" | mandoc -T ascii -O width=200 | col -b"
            return try await Tool.run("sh", ["-c", script, "sh", "\(directory)/\(page)"]).output
        }
        let commands = try await text(Self.pages[2])
        for word in [
            "--with-dependencies", "--output text|json", "ENVIRONMENT", "EXIT STATUS", "FILES",
            "SEE ALSO", "EXAMPLES",
            "nest-bootstrap explain [KEY] [FLAG]...", "NEST_ROLE",
        ] {
            #expect(commands.contains(word), "\(word)")
        }
        #expect(!commands.contains("--prepare") && !commands.contains("\nmanual\n"))
        let keys = try await text(Self.pages[0])
        for word in ["Verb apply", "manifests.sha256", "nodeAddress.interfaces", "Default", "leaves.NAME.usages"] {
            #expect(keys.lowercased().contains(word.lowercased()), "\(word)")
        }
    }
}
