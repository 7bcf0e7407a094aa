import Base
import Glibc

extension SystemError {
    /// Advice about a file that cannot be read, also for a user who may not read it.
    var adviceForUser: String? {
        if let advice { return advice }
        return code == EACCES ? "run as root, or give this user access to it and to the directories that it is in" : nil
    }
}
