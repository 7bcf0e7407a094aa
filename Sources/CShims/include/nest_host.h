#ifndef NEST_HOST_H
#define NEST_HOST_H

#include <spawn.h>
#include <sys/eventfd.h>

/// The environment of this process: `environ` is a mutable global, which Swift 6 refuses to touch.
char *const *nest_host_environment(void);

/// Makes a pipe that no child inherits: `pipe2` is declared for GNU sources only.
int nest_host_make_pipe(int ends[2]);

/// Opens a process as a file descriptor: glibc before 2.36 has no wrapper of `pidfd_open`.
int nest_host_open_process(int process);

/// Sets what only GNU sources may name: no inherited descriptors, a session of its own, a directory if not null.
int nest_host_prepare_spawn(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes, const char *directory);

/// Writes the number of every `signal` as one byte to `descriptor`: a handler in Swift could allocate or lock.
int nest_host_catch_signal(int signal, int descriptor);

/// Tells whether a signal is ignored: `sigaction` has a union that Swift does not show.
int nest_host_ignores_signal(int signal);

#endif
