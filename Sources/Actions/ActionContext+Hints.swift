import Base
import Glibc
import Host

extension ActionContext {
    /// What to do about a path that cannot be written, if the sandbox of the task's unit is the probable reason.
    func sandboxHint(for error: SystemError) -> String? {
        guard run.isService, error.code == EROFS else { return nil }
        return "its unit may have been made for another path: run 'systemctl daemon-reload'"
    }
}
