import Base
import YAML

/// What relates a task to others.
struct TaskHeader {
    /// The task's name.
    let name: String
    /// Where the task is declared.
    let location: SourceLocation
    /// The roles that run it, or `nil` for every role.
    var roles: [String]?
    /// What it runs after.
    var after: [Dependency]

    init(name: String, location: SourceLocation, roles: [String]? = nil, after: [Dependency] = []) {
        self.name = name
        self.location = location
        self.roles = roles
        self.after = after
    }

    /// Returns whether a node with some roles runs the task; a node without roles runs what every role runs.
    func runs(on own: [String]) -> Bool {
        guard let roles else { return true }
        return own.contains(where: roles.contains)
    }
}

/// Something that a task runs after.
enum Dependency: Sendable, Hashable {
    /// A task: order, and only if it succeeded.
    case task(String, SourceLocation)
    /// Any other systemd unit: order of the generated unit, nothing else.
    case unit(String, SourceLocation)
}
