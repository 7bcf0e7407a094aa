import CShims
import Glibc
import Synchronization

/// What other processes tell this one by signals.
public enum Signals {
    /// Makes a write to a closed pipe an error instead of the process's end.
    ///
    /// Called first thing by every program that writes.
    public static func ignoreBrokenPipe() {
        signal(SIGPIPE, SIG_IGN)
    }
}
