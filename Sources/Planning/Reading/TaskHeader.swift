import YAML

/// What relates a task to others.
struct TaskHeader {
    /// The task's name.
    let name: String
    /// Where the name stands.
    let place: Place
    /// The roles that run it, or `nil` for every role.
    var roles: [String]?
    /// What it runs after.
    var after: [Dependency]

    /// Creates a header.
    init(name: String, place: Place, roles: [String]? = nil, after: [Dependency] = []) {
        self.name = name
        self.place = place
        self.roles = roles
        self.after = after
    }

    /// Tells whether nodes of a role run the task; a node without role runs what every role runs.
    func runs(on role: String?) -> Bool {
        guard let roles else { return true }
        return role.map(roles.contains) ?? false
    }
}

extension TaskDeclaration {
    /// What relates the task to others.
    var header: TaskHeader {
        TaskHeader(name: name, place: place, roles: roles, after: after)
    }
}
