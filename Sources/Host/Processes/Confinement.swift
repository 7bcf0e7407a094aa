import Base
import CShims
import Glibc

/// Restrictions that systemd cannot set for the processes of a unit, which a process sets itself before it has a second
/// thread.
public enum Confinement {
    /// Leaves the mounts of the unit, which systemd applies also to its commands with full privileges (`+`).
    ///
    /// Outside of a unit, and where the unit has no mounts of its own, nothing changes. A failure changes nothing either:
    /// what the process then cannot find or write it reports.
    public static func leaveMounts() {
        guard Machine.isUnit else { return }
        let identities = ["/proc/self/ns/mnt", "/proc/1/ns/mnt"].map { (try? FileSystem.status($0))??.target }
        // A unit whose root directory is empty has no /proc for these commands.
        if let own = identities[0], own == identities[1] { return }
        _ = nest_host_join_mounts(1)
    }

    /// Separates this process and its children from other processes, by Landlock.
    ///
    /// They cannot read the memory, the environment and the files of another process of their user, as tracing may (Linux
    /// 5.19); nor connect to an abstract socket or send a signal, unless they have `CAP_KILL` (Linux 6.12). For units only,
    /// which cannot gain privileges anyway: the kernel requires `no_new_privs` for it. Where the kernel cannot do it,
    /// nothing changes.
    public static func separate() {
        // A service manager whose own socket is abstract could not be notified any more.
        guard Machine.isUnit, Machine.environment()["NOTIFY_SOCKET"]?.hasPrefix("@") != true else { return }
        _ = nest_host_separate()
    }
}
