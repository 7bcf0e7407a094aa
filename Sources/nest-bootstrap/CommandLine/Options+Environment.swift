/// Values derived from the environment variables.
extension Options {
    /// Whether a service manager has started the program.
    var isService: Bool { environment["NOTIFY_SOCKET"] != nil }

    /// The environment of programs that the tasks start: none of them must report to the service manager.
    var childEnvironment: [String: String] { environment.filter { $0.key != "NOTIFY_SOCKET" } }
}
