import Base
import Host
import Reporting
import YAML

/// The corrections of files that problems carry, as far as they are certain.
struct FileFixes {
    /// A file with its corrections made.
    private struct File {
        let path: String
        let old: String
        let new: String
        let count: Int
        let status: FileStatus
    }

    private let files: [File]

    /// How many corrections there are.
    var count: Int { files.reduce(0) { $0 + $1.count } }

    /// Collects the corrections.
    ///
    /// A correction counts only if its place in the file still has the text that it replaces.
    ///
    /// - Parameter problems: The problems.
    init(_ problems: [Problem]) {
        let edits = Dictionary(grouping: problems.compactMap(\.edit).unique(), by: \.location.file)
        files = edits.sorted { $0.key < $1.key }.compactMap { path, edits in Self.file(path, edits) }
    }

    /// The largest file that is corrected, in bytes.
    private static let sizeLimit = SizeLimit.content

    private static func file(_ path: String, _ edits: [TextEdit]) -> File? {
        // A symbolic link leads to a file that another program manages.
        guard let status = try? FileSystem.status(path), status.kind == .regular,
            let bytes = try? FileSystem.read(path, limit: sizeLimit), let old = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let all = changed(old, by: edits)
        // Two misspellings of one key in a mapping: only one of them may be that key.
        let isRepeating = repeatedKeyCount(all.text, path) > repeatedKeyCount(old, path)
        let (new, count) = isRepeating ? changed(old, by: firstOfEachKey(edits)) : all
        return count == 0 ? nil : File(path: path, old: old, new: new, count: count, status: status)
    }

    private static func repeatedKeyCount(_ text: String, _ path: String) -> Int {
        readDocumentsAndProblems(Array(text.utf8), file: path).problems.count { $0.code == .duplicateKey }
    }

    private static func firstOfEachKey(_ edits: [TextEdit]) -> [TextEdit] {
        var seen: Set<String> = []
        return edits.sorted { $0.location < $1.location }.filter { seen.insert($0.new).inserted }
    }

    /// Returns a text with changes, and how many of them fit it.
    private static func changed(_ old: String, by edits: [TextEdit]) -> (text: String, count: Int) {
        var lines = UnifiedDiff.parts(of: old)
        var count = 0
        var last: SourceLocation?
        // From the end, so that a correction does not move the place of the next.
        for edit in edits.sorted(by: { $0.location > $1.location }) {
            guard let position = edit.location.position, lines.indices.contains(position.line - 1),
                last.map({ !overlaps(edit, $0) }) ?? true
            else { continue }
            // With its break, a line is replaced together with the beginning of the next one.
            let isWithBreak = edit.old.last == "\n" && lines.indices.contains(position.line)
            let removed = isWithBreak ? edit.old.dropLast() : edit.old[...]
            var line = lines[position.line - 1].unicodeScalars
            guard let start = line.index(line.startIndex, offsetBy: position.column - 1, limitedBy: line.endIndex),
                line[start...].starts(with: removed.unicodeScalars)
            else { continue }
            line.replaceSubrange(
                start..<line.index(start, offsetBy: removed.unicodeScalars.count),
                with: edit.new.unicodeScalars
            )
            if isWithBreak { line.append(contentsOf: lines.remove(at: position.line).unicodeScalars) }
            lines[position.line - 1] = String(line)
            (count, last) = (count + 1, edit.location)
        }
        return (lines.joined(separator: "\n"), count)
    }

    /// Returns whether an edit reaches into the place of a later one in the same line.
    private static func overlaps(_ edit: TextEdit, _ later: SourceLocation) -> Bool {
        guard let start = edit.location.position, let end = later.position, start.line == end.line else { return false }
        return start.column + edit.old.unicodeScalars.count > end.column
    }

    /// The changes of all files, in the format of `diff -u`.
    var diff: String {
        files.flatMap { file in
            ["--- \(file.path)", "+++ \(file.path)"] + UnifiedDiff(from: file.old, to: file.new).lines
        }.map { $0 + "\n" }.joined()
    }

    /// Writes all files or none, with the permissions and the owners that they have.
    ///
    /// - Returns: A line about each file.
    /// - Throws: ``Base/SystemError`` if a file cannot be written.
    func write() throws(SystemError) -> [String] {
        try FileSystem.writeTogether(
            files.map { file in
                let (bytes, status) = (Array(file.new.utf8), file.status)
                return FileContent(
                    bytes,
                    path: file.path,
                    mode: status.mode,
                    owner: status.owner,
                    group: status.group
                )
            }
        )
        return files.map { "\($0.path): \($0.count) mistake\($0.count == 1 ? "" : "s") corrected" }
    }
}
