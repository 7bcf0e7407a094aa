#ifndef NEST_CSHIMS_H
#define NEST_CSHIMS_H

#include <stdbool.h>

// No other system header is included here: Swift would take its structures for this module's.

/// The commit that was built, empty if it is not known: a macro of the compiler's arguments.
const char *nest_host_commit(void);

/// The environment of this process: `environ` is a mutable global, which Swift 6 refuses to touch.
char *const *nest_host_environment(void);

/// The arguments of this process, the name of the program among them: Swift looks for them in `/proc`, which may be missing.
char *const *nest_host_arguments(void);

/// Opens a directory in a directory, unless it is a link or a file system is mounted there: glibc has no wrapper for `openat2`.
///
/// The code is EXDEV for a mount. Before Linux 5.6, and where the call is not allowed, mounts are not noticed.
int nest_host_open_directory_here(int parent, const char *name);

/// Creates a pipe that no child inherits: `pipe2` is declared for GNU sources only.
int nest_host_make_pipe(int ends[2]);

/// Frees the space of the beginning of a file, up to an offset: `fallocate` is declared for GNU sources only.
void nest_host_discard(int file, long long end);

/// Opens a process as a file descriptor: glibc before 2.36 has no wrapper for `pidfd_open`.
int nest_host_open_process(int process);

/// Creates an event descriptor that no child inherits: Swift does not import `sys/eventfd.h`.
int nest_host_make_event(void);

/// Ends every wait for an event descriptor.
void nest_host_wake(int event);

/// Sets the attributes that only GNU sources may name: no inherited descriptors, unless they are kept, and a new session.
///
/// `actions` are `posix_spawn_file_actions_t`, `attributes` a `posix_spawnattr_t`.
int nest_host_prepare_spawn(void *actions, void *attributes, bool keeps_files);

/// Writes the number of every `signal` as one byte to `descriptor`: a handler in Swift could allocate or lock.
int nest_host_catch_signal(int signal, int descriptor);

/// Makes this process, which has one thread and is root, that of a user, without other groups: glibc's `getpwnam` is not
/// safe with more threads. Returns zero or an error number.
int nest_host_become(const char *user);

/// Receives SIGINT, SIGTERM and SIGHUP in this thread, also those that were held back.
int nest_host_unblock_interruptions(void);

/// Opens a file for reading, also for a child.

/// Returns whether a signal is ignored: `sigaction` has a union that Swift does not import.
int nest_host_ignores_signal(int signal);

/// Keeps this process from being dumped or traced by others: `prctl` is variadic.
int nest_host_forbid_dumps(void);

/// Exchanges the names of two files or directories: `renameat2` is declared for GNU sources only.
int nest_host_exchange(int directory, const char *path, const char *other);

#endif
