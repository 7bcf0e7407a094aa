import Base
import CShims
import Glibc

/// Restrictions for the processes of a unit that systemd cannot set.
///
/// A process sets them itself, before it has a second thread.
public enum Confinement {
    /// Leaves the unit's mount namespace, which systemd applies even to commands with full privileges (`+`).
    ///
    /// Only commands of units call it. Nothing changes if the unit has no separate mounts. A failure changes nothing either; the
    /// process then reports the files that it cannot find or write.
    public static func leaveMounts() {
        let identities = ["/proc/self/ns/mnt", "/proc/1/ns/mnt"].map { (try? FileSystem.status($0))??.target }
        // A unit whose root directory is empty has no /proc for these commands.
        if let own = identities[0], own == identities[1] { return }
        _ = nest_host_join_mounts(1)
    }

    /// Separates this process and its children from other processes with Landlock.
    ///
    /// The processes cannot trace another process of their user, and so cannot read its memory, environment and files
    /// (Linux 5.19). They cannot connect to an abstract socket or send a signal either, unless they have `CAP_KILL`
    /// (Linux 6.12). Applies only to units, which cannot gain privileges anyway, because the kernel requires
    /// `no_new_privs`. If the kernel does not support Landlock, nothing changes.
    public static func separate() {
        // The unit of a task with `sandbox: false`.
        guard Machine.environmentVariable("NEST_SANDBOX") != "no" else { return }
        // A service manager whose own socket is abstract could no longer be notified.
        guard Machine.isUnit, Machine.environmentVariable("NOTIFY_SOCKET")?.hasPrefix("@") != true else { return }
        _ = nest_host_separate()
    }
}
