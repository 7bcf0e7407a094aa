import Base
import Host
import Reporting
import TestSupport
import Testing

/// The documents quote what the program prints.
@Suite(.timeLimit(.minutes(30)))
struct TroubleshootingTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    private func text(_ path: String) throws -> String {
        try Files.text("\(Self.root)/\(path)")
    }

    @Test func `every message that docs/troubleshooting.md quotes is in the sources`() async throws {
        let messages = try text("docs/troubleshooting.md")
            .split(separator: "## Messages")[1]
            .split(separator: "\n")
            .compactMap { $0.firstMatch(of: /^\| `([^`]+)` \|/).map { String($0.output.1) } }
        #expect(messages.count > 10)
        for message in messages {
            let search = ["-rqF", "--include=*.swift", "--", message, "\(Self.root)/Sources"]
            #expect(try await Tool.run("grep", search).status == 0, "no source has: \(message)")
        }
    }

    @Test func `docs/systemd.md lists every kind of entry in the journal`() throws {
        let listed = try text("docs/systemd.md").matches(of: /`([0-9a-f]{32})`/).map { String($0.output.1) }
        #expect(listed.sorted() == MessageID.allCases.map(\.rawValue).sorted())
    }

    @Test func `every document loads a changed task file with one command`() async throws {
        let names = ["README.md", "docs", "bootstrap.yaml", "packaging", "examples", "Sources"]
        let paths = names.map { "\(Self.root)/\($0)" }
        func files(with command: String) async throws -> ToolResult {
            // The fixes of 'doctor' load units that an administrator has corrected.
            try await Tool.run("grep", ["-rlF", "--exclude-dir=Diagnosis", command] + paths)
        }
        #expect(try await files(with: "daemon-reload && systemctl").output == "")
        let documents = try await files(with: "nest-bootstrap up")
        for path in ["README.md", "bootstrap.yaml", "docs/installing.md", "docs/systemd.md"] {
            #expect(documents.outputLines.contains("\(Self.root)/\(path)"), "\(path)")
        }
    }

    @Test func `every path that docs/architecture.md names exists`() throws {
        let paths = try text("docs/architecture.md")
            .matches(of: /`((Sources|Tests|units|packaging|tools)\/?[A-Za-z\/+.-]*)`/)
            .map { String($0.output.1) }
            .filter { !$0.contains("NAME") }
        #expect(paths.count > 10)
        for path in paths {
            #expect(try FileSystem.exists("\(Self.root)/\(path)"), "\(path)")
        }
    }
}
