#ifndef NEST_CSHIMS_H
#define NEST_CSHIMS_H

#include <stdbool.h>

// No other system header is included here: Swift would attribute its structures to this module.

/// Returns the commit that was built, or an empty string if unknown: the compiler's command line sets it as a macro.
const char *nest_host_commit(void);

/// Returns the environment of this process: `environ` is a mutable global, which Swift 6 refuses to access.
char *const *nest_host_environment(void);

/// Returns the arguments of this process with the program name: Swift reads them from `/proc`, which may be missing.
char *const *nest_host_arguments(void);

/// Opens a subdirectory, unless it is a link or a mount point: glibc has no wrapper for `openat2`.
///
/// `errno` is EXDEV for a mount point. Before Linux 5.6 or if `openat2` is forbidden, mount points are not detected.
int nest_host_open_directory_here(int parent, const char *name);

/// Creates a pipe with `O_CLOEXEC`: `pipe2` is declared for GNU sources only.
int nest_host_make_pipe(int ends[2]);

/// Opens a file descriptor that refers to a process: glibc before 2.36 has no wrapper for `pidfd_open`.
int nest_host_open_process(int process);

/// Creates an event file descriptor with `EFD_CLOEXEC`: Swift does not import `sys/eventfd.h`.
int nest_host_make_event(void);

/// Ends every wait, present or future, for an event file descriptor.
void nest_host_wake(int event);

/// Prepares a spawn in a new session, with the signal mask and the default signals of `attributes`.
///
/// The child inherits only the standard streams unless `keeps_files`. Some options are declared for GNU sources only.
/// `actions` is a `posix_spawn_file_actions_t`, `attributes` a `posix_spawnattr_t`. Returns zero or an error number.
int nest_host_prepare_spawn(void *actions, void *attributes, bool keeps_files);

/// Installs a handler that writes `signal` as one byte to `descriptor`: a handler in Swift could allocate or lock.
int nest_host_catch_signal(int signal, int descriptor);

/// Switches this process to a user and only the user's primary group; returns zero or an error number.
///
/// The process must be root, and have a single thread because glibc's `getpwnam` is not thread-safe.
int nest_host_become(const char *user);

/// Unblocks SIGINT, SIGTERM and SIGHUP in this thread, and so lets pending ones be delivered.
int nest_host_unblock_interruptions(void);

/// Returns whether a signal is ignored: `sigaction` has a union that Swift does not import.
int nest_host_ignores_signal(int signal);

/// Disables core dumps of this process, and tracing by unprivileged processes: `prctl` is variadic.
int nest_host_forbid_dumps(void);

/// Exchanges the names of two files or directories: `renameat2` is declared for GNU sources only.
int nest_host_exchange(int directory, const char *path, const char *other);

#endif
