import Base
import YAML

/// An object that a document marker divides: neither part is an object, but both together are one.
struct DividedObject {
    /// The problem, at the marker.
    let problem: Problem
    /// The lines of both parts and of the marker.
    let lines: ClosedRange<Int>
    /// The whole object.
    let document: Document

    /// The size up to which two parts are read together.
    private static let sizeLimit = 128 << 10

    /// Finds the divided objects of a file.
    ///
    /// - Parameters:
    ///   - bytes: The text of the file.
    ///   - file: The file's name in locations.
    ///   - places: The locations of problems. Only documents that have one are examined.
    /// - Returns: The objects, in the order of the file.
    static func all(in bytes: [UInt8], file: String, at places: [SourceLocation]) -> [Self] {
        let broken = Set(places.compactMap(\.position?.line))
        guard !broken.isEmpty else { return [] }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let markers = lines.indices.filter { isMarker(lines[$0]) }
        var found: [Self] = []
        for (number, marker) in markers.enumerated() {
            let start = number > 0 ? markers[number - 1] + 1 : 0
            let end = number + 1 < markers.count ? markers[number + 1] : lines.count
            // Numbers of lines begin with 1; a problem of a document without content is at its marker.
            let range = (start + 1)...max(start + 1, end)
            guard broken.contains(where: range.contains), found.last?.lines.overlaps(range) != true,
                hasContent(lines[start..<marker]), hasContent(lines[(marker + 1)..<end])
            else { continue }
            // The lines before the parts stay empty, so that locations are those of the file.
            let text =
                Array(repeating: [], count: start) + lines[start..<marker] + [[]] + lines[(marker + 1)..<end]
            let joined = Array(text.joined(separator: [UInt8(ascii: "\n")]))
            guard joined.count - start <= sizeLimit, let document = object(joined, file: file) else { continue }
            let location = SourceLocation(file: file, position: SourceLocation.Position(line: marker + 1, column: 1))
            let problem = Problem(
                .documentMarker,
                "the document marker '---' divides an object: without it, the lines before and after it are one object",
                at: location,
                hint: "remove the line",
                edit: TextEdit(at: location, old: String(decoding: lines[marker], as: UTF8.self) + "\n", new: "")
            )
            found.append(Self(problem: problem, lines: range, document: document))
        }
        return found
    }

    /// Reads the only document of a text, which must be an object without a mistake that its fields show.
    private static func object(_ bytes: [UInt8], file: String) -> Document? {
        var reader = DocumentReader(bytes, file: file)
        guard case .success(let document)? = reader.next(), reader.next() == nil, let root = document.root,
            (try? ObjectIdentity(written: root, documentIndex: 1)) != nil, ManifestMistakes.count(in: root) == 0
        else { return nil }
        return document
    }

    private static func isMarker(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "---".utf8) && line.dropFirst(3).allSatisfy { $0 <= 0x20 }
    }

    private static func hasContent(_ lines: ArraySlice<ArraySlice<UInt8>>) -> Bool {
        lines.contains { line in
            line.first { $0 > 0x20 }.map { $0 != UInt8(ascii: "#") } ?? false
        }
    }
}
