import Base
import Glibc

extension SystemError {
    /// The advice about a file that cannot be read, including a file that the user has no permission to read.
    var adviceForUser: String? {
        if let advice { return advice }
        return code == EACCES ? "run as root, or give this user access to it and to the directories that it is in" : nil
    }
}
