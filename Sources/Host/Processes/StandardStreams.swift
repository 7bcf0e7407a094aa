import Base
import Glibc

/// Standard input, output and error of this process.
public enum StandardStreams {
    /// Opens `/dev/null` for each standard stream that is closed.
    ///
    /// Called first in `main`: otherwise the next file that is opened gets the stream's number, and output is written
    /// into it.
    public static func open() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) == -1 {
            // The kernel chooses the lowest free number, which is this one.
            _ = unsafe Glibc.open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
        }
    }
}

extension StandardStreams {
    /// Returns whether two descriptors are open on the same file, pipe or terminal.
    public static func areSame(_ first: Int32, _ second: Int32) -> Bool {
        guard let first = identity(first), let second = identity(second) else { return false }
        return first == second
    }

    private static func identity(_ descriptor: Int32) -> FileStatus.Identity? {
        (try? FileStatus(descriptor: descriptor, "cannot look at", "output"))?.identity
    }
}
