#define _GNU_SOURCE
#include "CShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *nest_host_commit(void) {
    return NEST_COMMIT;
}

char *const *nest_host_environment(void) {
    return environ;
}

static char *const *own_arguments;

// glibc passes these to constructors.
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

void nest_host_discard(int file, long long end) {
    (void)!fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, end);
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

int nest_host_prepare_spawn(void *actions, void *attributes) {
    int code = posix_spawn_file_actions_addclosefrom_np(actions, 3);
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

int nest_host_join_mounts(int process) {
    // Where /proc is missing, by the process itself, which setns(2) takes since Linux 5.8.
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/ns/mnt", process);
    int namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0)
        namespace = nest_host_open_process(process);
    if (namespace < 0)
        return errno;
    int code = setns(namespace, CLONE_NEWNS) == 0 ? 0 : errno;
    close(namespace);
    return code;
}

// The system's headers may be older than the kernel: these are from Linux 6.12's include/uapi/linux/landlock.h.
struct ruleset_attributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};
struct path_beneath_attributes {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));
#define ACCESS_FS_MAKE_BLOCK (1ULL << 11)
#define ACCESS_FS_REFER (1ULL << 13)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)
#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH 1

// Allows everything below `/` what a ruleset would forbid.
static int allow_everywhere(int ruleset, uint64_t access) {
    int root = open("/", O_PATH | O_CLOEXEC);
    if (root < 0)
        return errno;
    struct path_beneath_attributes rule = {.allowed_access = access, .parent_fd = root};
    int code = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0 ? errno : 0;
    close(root);
    return code;
}

int nest_host_separate(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    if (version < 0)
        return errno;
    // The first version forbids renaming between directories, with every ruleset.
    if (version < 2)
        return ENOSYS;
    struct ruleset_attributes attributes = {0};
    size_t size = sizeof attributes.handled_access_fs;
    if (version >= 6) {
        // A unit with this capability is meant to signal other processes.
        bool signals = prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0) == 1;
        attributes.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | (signals ? 0 : SCOPE_SIGNAL);
        size = sizeof attributes;
    } else if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 1) {
        // A ruleset for files forbids mounts.
        return ENOSYS;
    } else {
        // A ruleset must forbid something. This one is there for what all of them do: they forbid to trace others.
        attributes.handled_access_fs = ACCESS_FS_MAKE_BLOCK | ACCESS_FS_REFER;
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0)
        return errno;
    int code = attributes.handled_access_fs != 0 ? allow_everywhere(ruleset, attributes.handled_access_fs) : 0;
    if (code == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_landlock_restrict_self, ruleset, 0) != 0))
        code = errno;
    close(ruleset);
    return code;
}

int nest_host_forbid_dumps(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int nest_host_is_in_memory(const char *path) {
    struct statfs found;
    if (statfs(path, &found) != 0) return -1;
    return found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC;
}

int nest_host_exchange(const char *path, const char *other) {
    return renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE);
}
