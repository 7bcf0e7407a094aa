import Base
import Glibc
import Host

/// The parent directory of all tasks' directories, opened once to read several tasks.
enum TasksDirectory: ~Copyable {
    case open(DirectoryHandle)
    /// The directory cannot be opened; if it does not exist, no task has run yet.
    case failed(SystemError)

    /// Opens the directory of a task.
    ///
    /// - Parameter task: The task's name; names that would lead outside the directory are refused.
    /// - Returns: The directory.
    /// - Throws: ``Base/SystemError`` if the directory does not exist or cannot be opened.
    borrowing func directory(of task: String) throws(SystemError) -> DirectoryHandle {
        try Self.checkName(task)
        switch self {
        case .open(let tasks): return try tasks.directory(task, creatingWith: nil, isOfService: true)
        case .failed(let error): throw error
        }
    }

    /// Checks that the name of a task is the name of a single directory.
    ///
    /// - Throws: ``Base/SystemError`` if the name is not a valid file name.
    static func checkName(_ task: String) throws(SystemError) {
        let isName = !task.isEmpty && !task.hasPrefix(".") && !task.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
        guard isName, task.utf8.count <= 200 else {
            let name = String(decoding: task.utf8.filter { $0 != 0 }, as: UTF8.self)
            throw SystemError("cannot keep a record of task", name, code: EINVAL, detail: "not a file name")
        }
    }
}
