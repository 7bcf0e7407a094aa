import Base
import Glibc

extension Journal {
    /// What this user can read of the journal of a machine.
    public enum Access: Sendable, Hashable {
        /// At least one of its files.
        case readable
        /// None of its files.
        case denied
        /// There is no file.
        case missing
    }

    /// Looks for the files of the journal.
    ///
    /// - Parameter root: The root directory of the machine, empty for this one.
    /// - Returns: What this user can read.
    public static func access(root: String = "") -> Access {
        var isDenied = false
        for directory in directories(root: root) {
            let machines = (try? FileSystem.list(directory)) ?? []
            for place in [directory] + machines.map({ "\(directory)/\($0)" }) {
                do throws(SystemError) {
                    for name in try FileSystem.list(place) where isFile(name) {
                        let file = "\(place)/\(name)"
                        if unsafe faccessat(AT_FDCWD, file, R_OK, AT_EACCESS) == 0 { return .readable }
                        isDenied = true
                    }
                } catch {
                    if error.code == EACCES { isDenied = true }
                }
            }
        }
        return isDenied ? .denied : .missing
    }

    /// Where the journal of a machine is.
    ///
    /// - Parameter root: The root directory of the machine, empty for this one.
    /// - Returns: The directories, that of the persistent journal first.
    public static func directories(root: String = "") -> [String] {
        ["\(root)/var/log/journal", "\(root)/run/log/journal"]
    }

    private static func isFile(_ name: String) -> Bool { name.hasSuffix(".journal") || name.hasSuffix(".journal~") }
}
