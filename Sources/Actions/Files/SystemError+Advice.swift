import Base
import Glibc

extension SystemError {
    /// Returns the advice about a file that a task reads.
    ///
    /// - Parameter limit: The size above which the file is refused.
    /// - Returns: The advice, `nil` if the error is another one than that the subject is a directory or too large.
    func adviceAboutSource(limit: Int) -> String? {
        switch code {
        case EISDIR: limit == SizeLimit.content ? "write a task for each file in it" : "name one file in it"
        case EFBIG where limit == SizeLimit.encrypted: "decrypt it with a task 'exec' that runs age"
        default: nil
        }
    }

    /// The advice about a file that cannot be read, including a file that the user has no permission to read.
    var adviceForUser: String? {
        if let advice { return advice }
        return code == EACCES ? "run as root, or give this user access to it and to the directories that it is in" : nil
    }
}
