#define _GNU_SOURCE
#include "CShims.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *nest_host_commit(void) {
    return NEST_COMMIT;
}

char *const *nest_host_environment(void) {
    return environ;
}

// Runs before the Swift runtime reads SWIFT_BACKTRACE: backtraces take time, and show nothing without symbols.
__attribute__((constructor(101))) static void forbid_backtraces(void) {
    setenv("SWIFT_BACKTRACE", "enable=no", 0);
}

static char *const *own_arguments;

// glibc passes the arguments to constructors.
__attribute__((constructor)) static void keep_arguments(int count, char **arguments) {
    (void)count;
    own_arguments = arguments;
}

char *const *nest_host_arguments(void) {
    return own_arguments;
}

int nest_host_open_directory_here(int parent, const char *name) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    struct open_how how = {.flags = flags, .resolve = RESOLVE_NO_XDEV};
    int opened = (int)syscall(SYS_openat2, parent, name, &how, sizeof(how));
    if (opened < 0 && (errno == ENOSYS || errno == EPERM)) return openat(parent, name, flags);
    return opened;
}

int nest_host_make_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

int nest_host_open_process(int process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

int nest_host_make_event(void) {
    return eventfd(0, EFD_CLOEXEC);
}

void nest_host_wake(int event) {
    eventfd_write(event, 1);
}

int nest_host_prepare_spawn(void *actions, void *attributes, bool keeps_files) {
    int code = keeps_files ? 0 : posix_spawn_file_actions_addclosefrom_np(actions, 3);
    if (code == 0)
        code = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return code;
}

// Set by one thread, read by the thread that the signal interrupts.
static _Atomic int signal_descriptor = -1;

static void write_signal(int signal) {
    int saved = errno;
    unsigned char number = (unsigned char)signal;
    ssize_t written = write(signal_descriptor, &number, 1);
    (void)written; // A full pipe already holds enough signals.
    errno = saved;
}

int nest_host_catch_signal(int signal, int descriptor) {
    struct sigaction action = {.sa_handler = write_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    signal_descriptor = descriptor;
    return sigaction(signal, &action, NULL);
}

int nest_host_ignores_signal(int signal) {
    struct sigaction action;
    return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int nest_host_become(const char *user) {
    const struct passwd *account = getpwnam(user);
    if (account == NULL) return ENOENT;
    bool fails = setgroups(0, NULL) != 0 || setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0;
    return fails ? errno : 0;
}

int nest_host_unblock_interruptions(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    return pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

int nest_host_forbid_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int nest_host_exchange(int directory, const char *path, const char *other) {
    return renameat2(directory, path, directory, other, RENAME_EXCHANGE);
}
