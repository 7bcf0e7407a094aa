import Base
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(15))) struct HostileInputTests {
    private static let manifest = """
        # a manifest with something of everything
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "a\\tb", labels: &l {a: b, 'c': 1_000}}
        data:
          <<: *l
          text: |
            one
              two
          folded: >-
            three

            four
          ? complex
          : [1, 0x1F, 1.50, yes, ~, !!str 2]
        ---
        {"kind": "List", "items": [{"a": "\\ud83d\\ude00", "b": -1.5e3}, null, true]}
        """

    private static let fragments: [[UInt8]] =
        [
            "\n", " ", "\t", ":", "- ", "[", "]", "{", "}", "#", "&l ", "*l", "!", "|\n", ">", "'", "\"", "%", "---\n",
            "...\n",
            "\\", "\0", "\u{FEFF}", "\u{2028}", "\u{85}", "<<: ", "? ", "0b", "1e999", "\r",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x00, 0x61]]

    private func mutate(_ bytes: [UInt8], _ generator: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 0...8, using: &generator))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes.removeSubrange(start..<end)
            case 1: bytes.insert(contentsOf: Self.fragments.randomElement(using: &generator) ?? [], at: start)
            case 2: bytes[start] = UInt8.random(in: 0...255, using: &generator)
            default:
                bytes.insert(contentsOf: bytes[start..<end], at: Int.random(in: 0..<bytes.count, using: &generator))
            }
        }
        return bytes
    }

    /// Reads a file and writes what could be read; every problem has one line.
    private func digest(_ bytes: [UInt8]) {
        for result in readEachDocument(bytes, file: "t.yaml") {
            switch result {
            case .success(let document):
                guard let written = document.root?.json() else { continue }
                let again = try? readJSON(written, file: "again")
                #expect(again == document.root, "reading \(String(decoding: bytes, as: UTF8.self))")
            case .failure(let problems):
                #expect(!problems.problems.all.isEmpty)
                #expect(
                    problems.problems.all.allSatisfy { $0.location?.file == "t.yaml" && !$0.description.contains("\n") }
                )
            }
        }
        _ = try? readJSON(bytes, file: "t.json")
    }

    @Test(arguments: 1...4)
    func `four thousand broken manifests are read or refused`(seed: Int) {
        var generator = SplitMix64(seed: seed)
        for _ in 0..<1_000 { digest(mutate(Array(Self.manifest.utf8), &generator)) }
    }

    @Test func `random bytes are refused`() {
        var generator = SplitMix64(seed: 42)
        for length in 0..<400 {
            digest((0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
    }

    @Test(arguments: [
        "'", "\"", "|\n", "a: ", "&a ", "*a\n", "!t ", "%Y\n", "#", "\n", "k: [\n", "a\n", "{\"", "\\", "?\n",
    ])
    func `long repetitions are read or refused`(fragment: String) {
        digest(Array(String(repeating: fragment, count: 250_000 / fragment.utf8.count).utf8))
    }
}
