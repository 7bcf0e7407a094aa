import Base
import Execution
import Planning

/// The names of the images that a task has imported, or was about to import, one on each line of a file.
///
/// The file is written before an import, so that nothing unlisted is imported.
struct ImportedNames {
    private let run: RunEnvironment
    private let directory: String

    /// The name of the file in the task's directory of the cache.
    static let fileName = "imported"

    /// The maximum size of the file in bytes.
    private static let sizeLimit = 8 << 20

    init(_ context: ActionContext) {
        run = context.run
        directory = "\(run.cacheDirectory)/\(context.task.name)"
    }

    /// Returns the names, none if there is no file.
    func load() -> Set<String> {
        let bytes = (try? run.files.read("\(directory)/\(Self.fileName)", limit: Self.sizeLimit)) ?? []
        return Set(String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init))
    }

    /// Adds names.
    ///
    /// - Throws: ``Base/SystemError`` if the file cannot be written; nothing must be imported then.
    func add(_ names: [String]) throws(SystemError) {
        let all = load().union(names).sorted()
        try run.files.keep(Array(all.map { "\($0)\n" }.joined().utf8), as: Self.fileName, in: directory)
    }
}
