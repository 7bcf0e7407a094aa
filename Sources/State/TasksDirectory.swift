import Base
import Glibc
import Host

/// The directory of all tasks' directories, which is opened once to read several of them.
enum TasksDirectory: ~Copyable {
    case open(DirectoryHandle)
    /// It cannot be opened; nothing has run yet if there is none.
    case failed(SystemError)

    /// Opens the directory of a task.
    ///
    /// - Parameter task: The task's name; one that would lead to a directory elsewhere is refused.
    /// - Returns: The directory.
    /// - Throws: ``Base/SystemError`` if it does not exist or cannot be opened.
    borrowing func directory(of task: String) throws(SystemError) -> DirectoryHandle {
        try Self.checkName(task)
        switch self {
        case .open(let tasks): return try tasks.directory(task, creatingWith: nil, isOfService: true)
        case .failed(let error): throw error
        }
    }

    /// Refuses a name of a task that is not the name of one directory.
    ///
    /// - Throws: ``Base/SystemError`` for such a name.
    static func checkName(_ task: String) throws(SystemError) {
        let isName = !task.isEmpty && !task.hasPrefix(".") && !task.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
        guard isName, task.utf8.count <= 200 else {
            let name = String(decoding: task.utf8.filter { $0 != 0 }, as: UTF8.self)
            throw SystemError("cannot keep a record of task", name, code: EINVAL, detail: "not a file name")
        }
    }
}
