internal import Glibc

/// What a standard stream of a child process is.
enum ChildStream {
    /// A file that is opened.
    case file(String, flags: Int32)
    /// An open descriptor.
    case descriptor(Int32)
}

/// Starts a process that inherits nothing but its three standard streams.
///
/// - Parameters:
///   - arguments: The program, which is looked up on `PATH`, and its arguments.
///   - environment: Its variables as `NAME=VALUE`.
///   - streams: Standard input, output and error.
/// - Returns: The process number.
/// - Throws: ``SupportError`` if the program cannot be started.
func spawn(
    _ arguments: [String],
    environment: [String],
    streams: [ChildStream],
) throws(SupportError) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, stream) in streams.enumerated() {
        switch stream {
        case .file(let path, let flags):
            unsafe posix_spawn_file_actions_addopen(&actions, Int32(number), path, flags, 0o600)
        case .descriptor(let descriptor):
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
    }
    // A server must not inherit the listening socket of another test. Closing what is not open does no harm.
    for descriptor in Int32(3)..<4096 { unsafe posix_spawn_file_actions_addclose(&actions, descriptor) }

    // Ignored and blocked signals would be inherited.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
    var envp = unsafe environment.map { unsafe strdup($0) } + [nil]
    defer { unsafe (argv + envp).forEach { unsafe free($0) } }
    var process: Int32 = 0
    var code: Int32 = 0
    // A child that another test starts has a program that this process has just written open until it runs its own.
    for _ in 0..<600 {
        code = unsafe posix_spawnp(&process, arguments[0], &actions, &attributes, &argv, &envp)
        if code != ETXTBSY { break }
        poll(nil, 0, 50)
    }
    guard code == 0 else { throw SupportError("cannot run", arguments[0], code: code) }
    return process
}
