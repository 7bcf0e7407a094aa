import Glibc

/// Standard input, output and error of this process.
public enum StandardStreams {
    /// Opens `/dev/null` where a stream is closed.
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
