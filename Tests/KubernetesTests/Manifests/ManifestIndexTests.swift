import Base
import Testing
import YAML
@testable import Kubernetes

/// Manifests that are not parsed again.
struct ManifestIndexTests {
    private static let text = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: a, namespace: ns}
        data: {a: b}
        ---
        kind: List
        apiVersion: v1
        items:
        - {apiVersion: v1, kind: Namespace, metadata: {name: other}}
        - apiVersion: apiextensions.k8s.io/v1
          kind: CustomResourceDefinition
          metadata: {name: things.example.test}
          spec: {group: example.test, names: {kind: Thing}}
        """

    private func manifests(_ text: String) -> [ManifestObject] {
        ManifestFile(Array(text.utf8), file: "m.yaml", computesDigests: true).manifests
    }

    private func key(_ text: String) -> String { ManifestIndex.key(of: Array(text.utf8), file: "m.yaml") }

    /// The values of variables as a text.
    private func values(_ names: [String]) -> [UInt8] { Array(names.map { "\($0)=1" }.joined(separator: "\n").utf8) }

    /// Returns the file of a run that reads a text.
    private func kept(_ text: String) -> [UInt8]? {
        let index = ManifestIndex(program: "p")
        index.add(key(text), manifests(text), variableNames: ["v"], values: values)
        return index.text
    }

    @Test func `an unchanged file has the same objects without being parsed`() throws {
        let kept = try #require(self.kept(Self.text))
        let index = ManifestIndex(text: kept, program: "p")
        let count = Locked(0)
        let known = try #require(
            index.manifests(of: key(Self.text), named: "m.yaml", values: values) {
                count.withLock { $0 += 1 }
                return manifests(Self.text)
            }
        )
        let expected = manifests(Self.text)
        #expect(known.variableNames == ["v"])
        #expect(known.objects.map(\.identity) == expected.map(\.identity) && expected.count == 3)
        #expect(known.objects.map(\.location) == expected.map(\.location))
        #expect(known.objects.map(\.documentIndex) == expected.map(\.documentIndex))
        #expect(known.objects.map(\.contentDigest) == expected.map(\.contentDigest))
        #expect(known.objects.map { DefinedKind($0) } == expected.map { DefinedKind($0) })
        #expect(known.objects.map(\.provided) == expected.map(\.provided))
        #expect(count.withLock { $0 } == 0)
        #expect(known.objects.map(\.root) == expected.map(\.root))
        #expect(known.objects.map(\.loaded.root) == expected.map(\.root))
        #expect(count.withLock { $0 } == 1, "the file is read once")
        #expect(index.text == nil, "nothing has changed")
    }

    @Test func `a file is known by its content, its name and the values of its variables`() throws {
        let other = ManifestIndex.key(of: Array(Self.text.utf8), file: "n.yaml")
        #expect(Set([key(Self.text), key(Self.text + "\n"), other]).count == 3)
        let kept = try #require(self.kept(Self.text))
        let index = ManifestIndex(text: kept, program: "p")
        #expect(index.manifests(of: other, named: "n.yaml", values: values) { nil } == nil)
        #expect(index.manifests(of: key(Self.text), named: "m.yaml", values: { _ in [1] }) { nil } == nil)
        var asked: [[String]] = []
        let found = index.manifests(
            of: key(Self.text),
            named: "m.yaml",
            values: { names in
                asked.append(names)
                return values(names)
            }
        ) { nil }
        #expect(
            found != nil && asked == [["v"]],
            "no digest depends on another variable, which may be that of a Secret"
        )
    }

    @Test func `a file that has changed since has objects without content`() throws {
        let index = ManifestIndex(text: kept(Self.text), program: "p")
        let known = try #require(index.manifests(of: key(Self.text), named: "m.yaml", values: values) { nil })
        #expect(known.objects.count == 3 && known.objects.allSatisfy { $0.root.isNull && $0.loaded.root.isNull })
    }

    @Test func `the index of another version or with damage is empty`() throws {
        let kept = try #require(self.kept(Self.text))
        #expect(
            ManifestIndex(text: kept, program: "q").manifests(of: key(Self.text), named: "m.yaml", values: values) {
                nil
            } == nil
        )
        for position in kept.indices {
            var damaged = kept
            damaged[position] ^= 1
            #expect(
                ManifestIndex(text: damaged, program: "p").manifests(
                    of: key(Self.text),
                    named: "m.yaml",
                    values: values
                ) { nil } == nil
            )
        }
    }

    @Test func `files with Secrets are not kept, and those that are gone are forgotten`() throws {
        let secret = "{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {a: b}}"
        let index = ManifestIndex(program: "p")
        index.add(key(secret), manifests(secret), variableNames: [], values: values)
        #expect(index.text == nil)
        let later = ManifestIndex(text: kept(Self.text), program: "p")
        let text = try #require(later.text, "the file was not read in this run")
        #expect(
            ManifestIndex(text: text, program: "p").manifests(of: key(Self.text), named: "m.yaml", values: values) {
                nil
            } == nil
        )
    }
}
