import Base
import YAML

/// The documents of a task file, which should be one, and the problems of its text.
struct TaskFileDocuments {
    /// The values of the documents, as far as they can be read.
    private(set) var roots: [Node]
    private(set) var problems: [Problem]

    init(_ file: SourceFile) {
        if let format = ContentFormat.recognised(file.bytes, path: file.path),
            ![.taskFile, .empty].contains(format.kind)
        {
            (roots, problems) = ([], [format.problem(path: file.path, expected: "a task file")])
            return
        }
        let read = readDocumentsAndProblems(
            file.bytes,
            file: file.path,
            limits: .taskFile,
            mistakes: KeyCorrections.mistakeCount
        )
        (roots, problems) = (read.documents.compactMap(\.root), read.problems)
        if let template = ContentFormat.template(file.bytes, path: file.path, at: problems.compactMap(\.location)) {
            (roots, problems) = ([], [template.problem(path: file.path, expected: "a task file")])
            return
        }
        let markers = Self.innerMarkers(file.bytes)
        guard let marker = markers.first, roots.count > 1 || !read.problems.isEmpty else { return }
        let location = SourceLocation(file: file.path, position: SourceLocation.Position(line: marker.line, column: 1))
        var joined = file.bytes
        for marker in markers { joined.replaceSubrange(marker.offset..<(marker.offset + 3), with: "   ".utf8) }
        let whole = readDocumentsAndProblems(
            joined,
            file: file.path,
            limits: .taskFile,
            mistakes: KeyCorrections.mistakeCount
        )
        if whole.problems.isEmpty, markers.count == 1 {
            roots = whole.documents.compactMap(\.root)
            let problem = Problem(
                "'---' begins another document, and a task file has one",
                at: location,
                hint: "remove the line"
            )
            problems = [problem]
        } else if roots.count > 1 {
            problems.insert(
                Problem(
                    "'---' begins another document, and a task file has one",
                    at: location,
                    hint: "write what follows to a drop-in, such as bootstrap.d/NAME.yaml"
                ),
                at: 0
            )
        }
    }

    /// Returns the `---` lines behind the first content of a file, with their lines and offsets.
    private static func innerMarkers(_ bytes: [UInt8]) -> [(line: Int, offset: Int)] {
        var markers: [(line: Int, offset: Int)] = []
        var hasContent = false
        var offset = 0
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            defer { offset += line.count + 1 }
            if line.starts(with: "---".utf8) {
                if hasContent, line.dropFirst(3).allSatisfy({ $0 <= 0x20 }) { markers.append((index + 1, offset)) }
            } else if let first = line.first(where: { $0 > 0x20 }), first != UInt8(ascii: "#"),
                line.first != UInt8(ascii: "%")
            {
                hasContent = true
            }
        }
        return markers
    }
}
