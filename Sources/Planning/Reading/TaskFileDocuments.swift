import Base

/// The documents of a task file, which should be one, and the problems of its text.
struct TaskFileDocuments {
    /// The values of the documents, as far as they can be read.
    private(set) var roots: [Node]
    private(set) var problems: [Problem]

    init(_ file: SourceFile) {
        if let format = ContentFormat.recognised(file.bytes, path: file.path), format.kind != .empty {
            (roots, problems) = ([], [format.problem(path: file.path, expected: "a task file")])
            return
        }
        let read = readDocumentsAndProblems(
            file.bytes,
            file: file.path,
            limits: .taskFile
        )
        (roots, problems) = (read.documents.compactMap(\.root), read.problems)
        guard read.documents.filter({ $0.root != nil }).count > 1, let second = read.documents.last?.location else {
            return
        }
        problems.insert(
            Problem(
                "'---' begins another document, and a task file has one",
                at: second,
                hint: "write what follows to a drop-in, such as bootstrap.d/NAME.yaml"
            ),
            at: 0
        )
    }
}
