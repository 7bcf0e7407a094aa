import Host
import Reporting
import TestSupport
import Testing

@Suite(.temporaryDirectory, .timeLimit(.minutes(5)))
struct CatalogTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    private static let path = "\(root)/units/nest-bootstrap.catalog"
    private static let journalctl = "/usr/bin/journalctl"

    private let identifiers = MessageID.allCases.map(\.rawValue).sorted()

    /// The text of the catalog.
    private func text() throws -> String {
        try Files.text(Self.path)
    }

    @Test func `every kind of entry is explained, and nothing else`() throws {
        let heads = try text().split(separator: "\n").filter { $0.hasPrefix("-- ") }
        #expect(heads.map { String($0.dropFirst(3)) }.sorted() == identifiers)
        #expect(identifiers.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}/) != nil })
    }

    @Test func `an explanation uses fields that its entries have`() throws {
        let known: Set = ["NEST_TASK", "NEST_OBJECT", "NEST_DEPENDENCY", "NEST_RUN_ID"]
        let used = Set(try text().matches(of: /@([A-Z_]+)@/).map { String($0.output.1) })
        #expect(used.subtracting(known).isEmpty)
    }

    @Test(.enabled(if: (try? FileSystem.exists(journalctl)) == true))
    func `journalctl knows the catalog as it is written`() async throws {
        let directory = TemporaryDirectory.file("usr/lib/systemd/catalog")
        try FileSystem.makeDirectories(directory)
        try FileSystem.makeDirectories(TemporaryDirectory.file("var/lib/systemd/catalog"))
        let bytes = try FileSystem.read(Self.path, limit: 1 << 20)
        try FileSystem.write(bytes, to: "\(directory)/nest-bootstrap.catalog", mode: 0o644)
        let option = "--root=\(TemporaryDirectory.path)"
        let updated = try await Tool.run(Self.journalctl, [option, "--update-catalog"])
        try #require(updated.status == 0, "\(updated.errors)")
        let listed = try await Tool.run(Self.journalctl, [option, "--list-catalog"])
        let lines = listed.output.split(separator: "\n")
        #expect(lines.map { String($0.prefix(32)) }.sorted() == identifiers)
        #expect(lines.allSatisfy { $0.contains(" nest-bootstrap: ") })
    }
}
