import Base
import Glibc

extension SystemError {
    /// Returns the advice about a file that a task reads.
    ///
    /// - Parameters:
    ///   - limit: The size above which the file is refused.
    ///   - key: The key that names the file, if the advice may name it.
    /// - Returns: The advice, `nil` if none is known.
    func adviceAboutSource(limit: Int, key: String? = nil) -> String? {
        if let advice { return advice }
        switch code {
        case ENOENT, ENOTDIR: return "put the file there, or correct \(key.map { "'\($0)'" } ?? "the path")"
        case EISDIR: return limit == SizeLimit.content ? "write a task for each file in it" : "name one file in it"
        case EFBIG where limit == SizeLimit.encrypted: return "decrypt it with a task 'exec' that runs age"
        case EINVAL where detail?.hasPrefix("is a ") == true: return "name a regular file"
        default: return adviceForUser
        }
    }

    /// The advice about a file that cannot be read, including a file that the user has no permission to read.
    var adviceForUser: String? {
        if let advice { return advice }
        return code == EACCES ? "run as root, or give this user access to it and to the directories that it is in" : nil
    }
}
