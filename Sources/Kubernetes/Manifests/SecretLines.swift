import Base

/// The lines of a file that may belong to a Secret.
///
/// The lines are found by searching the text, because a document that cannot be parsed has no kind.
struct SecretLines: Sendable {
    /// One document of the file, which begins with its marker line.
    fileprivate struct Document: Sendable {
        var firstLine: Int
        /// Whether the document contains text such as `kind: ConfigMap`.
        var hasKind = false
        /// Whether the document contains the text `kind: Secret`.
        var hasSecretKind = false
        /// Whether the document contains `Secret` anywhere.
        var mentionsSecret = false

        /// Whether the document may be a Secret; without a kind, any mention counts.
        var mayBeSecret: Bool { hasKind ? hasSecretKind : mentionsSecret }
    }

    private var documents = [Document(firstLine: 1)]

    /// Divides a file into documents and searches each line for kinds.
    init(_ bytes: [UInt8]) {
        var (rest, number) = (bytes[...], 0)
        while !rest.isEmpty {
            number += 1
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            if number > 1, line.starts(with: Self.marker) { documents.append(Document(firstLine: number)) }
            documents[documents.count - 1].add(line)
            rest = rest[line.endIndex...].dropFirst()
        }
    }

    /// Returns whether a problem is in a document that may be a Secret; any word of such a document may be secret.
    ///
    /// A problem on the line of a marker may concern the document before or after the marker.
    func contain(_ problem: Problem) -> Bool { contain(line: problem.location?.position?.line ?? 1) }

    /// Returns whether a line is in a document that may be a Secret.
    func contain(line: Int) -> Bool {
        let index = lastDocument(beginningBefore: line + 1)
        guard index > 0, documents[index].firstLine == line else { return documents[index].mayBeSecret }
        return documents[index].joined(with: documents[index - 1]).mayBeSecret
    }

    /// Finds the last document that begins before a line, with a binary search.
    private func lastDocument(beginningBefore line: Int) -> Int {
        var (low, high) = (0, documents.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if documents[middle].firstLine < line { low = middle } else { high = middle }
        }
        return low
    }

    private static let marker = Array("---".utf8)
}

extension SecretLines.Document {
    private static let kind = Array("kind".utf8)
    private static let secret = Array("Secret".utf8)

    fileprivate mutating func add(_ line: ArraySlice<UInt8>) {
        if line.includes(Self.secret) { mentionsSecret = true }
        // The regular expression is slow, and most lines contain no kind.
        guard line.includes(Self.kind) else { return }
        for match in String(decoding: line, as: UTF8.self).matches(of: /kind["']? *: *["']?(\w+)/) {
            hasKind = true
            if match.1 == "Secret" { hasSecretKind = true }
        }
    }

    fileprivate func joined(with other: Self) -> Self {
        var both = self
        both.hasKind = hasKind || other.hasKind
        both.hasSecretKind = hasSecretKind || other.hasSecretKind
        both.mentionsSecret = mentionsSecret || other.mentionsSecret
        return both
    }
}

extension ArraySlice<UInt8> {
    /// Returns whether the bytes contain a word, ten times faster than the generic `contains`.
    fileprivate func includes(_ word: [UInt8]) -> Bool {
        var rest = self
        while let start = rest.firstIndex(of: word[0]) {
            rest = rest[start...]
            guard !rest.starts(with: word) else { return true }
            rest = rest.dropFirst()
        }
        return false
    }
}
