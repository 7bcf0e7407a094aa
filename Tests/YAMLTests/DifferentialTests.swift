import Base
import TestSupport
import Testing
import YAML

/// Texts that both our parser and PyYAML read: they make the same of each, or both refuse it.
///
/// ``Difference`` has what is different on purpose, with the reason.
@Suite(.timeLimit(.minutes(5)), .enabled(if: PyYAML.isInstalled, "PyYAML is not there"))
struct DifferentialTests {
    /// What our parser makes of a text.
    private func read(_ text: String) -> Result<[Node], Problems> {
        do throws(Problems) {
            return .success(try readDocuments(Array(text.utf8), file: "t.yaml").compactMap(\.root))
        } catch {
            return .failure(error)
        }
    }

    /// Compares the readings of a text, and returns what is different on purpose.
    ///
    /// - Throws: ``Mismatch`` for any other difference.
    private func compare(_ text: String, _ theirs: PyYAML.Reading) throws -> Set<Difference> {
        switch (read(text), theirs) {
        case (.failure(var problems), .documents):
            // What begins with a brace may have a problem of JSON: a comment makes it YAML.
            if text.hasPrefix("{"), case .failure(let others) = read("#\n\(text)") { problems = others }
            guard let known = Difference.refusedByUs(problems) else {
                throw Mismatch("refused: \(problems)")
            }
            return [known]
        case (.success, .refused(let reason)):
            guard let known = Difference.refusedByPyYAML(reason) else {
                throw Mismatch("read, but PyYAML refuses it: \(reason)")
            }
            return [known]
        case (.failure, .refused): return []
        case (.success(let nodes), .documents(let trees)):
            guard nodes.count == trees.count else { throw Mismatch("\(nodes.count) documents, not \(trees.count)") }
            var known: Set<Difference> = []
            for (node, tree) in zip(nodes, trees) { try Difference.compare(node, tree, &known) }
            return known
        }
    }

    private func compare(_ texts: [(name: String, text: String)]) async throws -> [Difference: Int] {
        var counts: [Difference: Int] = [:]
        for (source, theirs) in zip(texts, try await PyYAML.read(texts.map(\.text))) {
            do {
                for difference in try compare(source.text, theirs) { counts[difference, default: 0] += 1 }
            } catch  where source.text.unicodeScalars.dropFirst().contains("\u{FEFF}") {
                // PyYAML makes it part of a text or a key, whatever follows.
                counts[.byteOrderMark, default: 0] += 1
            } catch {
                Issue.record("\(source.name): \(error)\n\(source.text.debugDescription)")
            }
        }
        return counts
    }

    @Test func `the files of this repository are read as by PyYAML`() async throws {
        let roots = ["rbac", "calico", "manifests", "examples", "packaging", "Tests/Fuzz/corpus", "../shared/inputs"]
        let found = try await Tool.run("find", roots + ["-name", "*.yaml"])
        let paths = found.output.split(separator: "\n").map(String.init).sorted()
        #expect(paths.count > 20)
        let files = try paths.map {
            (name: $0, text: String(decoding: try readFile($0, limit: 4 << 20), as: UTF8.self))
        }
        #expect(try await compare(files) == [:])
    }

    @Test func `what is generated is read as by PyYAML`() async throws {
        let texts = (1...4_000).map { seed in
            var generator = YAMLGenerator(seed: UInt64(seed))
            return (name: "seed \(seed)", text: generator.document())
        }
        let readable = texts.count { if case .success = read($0.text) { true } else { false } }
        let counts = try await compare(texts)
        print("\(texts.count) texts, \(readable) readable")
        for (difference, count) in counts.sorted(by: { $0.value > $1.value }) {
            print("\(count)  \(difference.rawValue)")
        }
        // Otherwise this says little about what can be read.
        #expect(readable > texts.count / 3)
        // What never happens is no difference.
        #expect(Set(Difference.allCases).subtracting(counts.keys) == [])
    }
}
