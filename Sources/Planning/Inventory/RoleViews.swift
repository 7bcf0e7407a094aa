import Base

/// The nodes as which tasks and servers are read: this one, or one that has the roles they are for.
///
/// So a task of another role is checked with what nodes of that role would find in it.
struct RoleViews {
    /// The roles of this node, none if they are not known.
    let own: [String]

    /// The roles of the first node of every other role, or the role alone.
    private let others: [String: [String]]

    /// The roles that nodes have together, each of them once.
    let combinations: [[String]]

    /// The variables by the roles of the node.
    private let variables: [[String]: Variables]

    /// Creates views.
    ///
    /// - Parameters:
    ///   - own: The roles of this node.
    ///   - known: The roles that tasks may name.
    ///   - reader: What reads the variables.
    init(own: [String], known: [String], _ reader: ClusterReader) {
        let inventory = reader.inventory ?? Inventory()
        var others: [String: [String]] = [:]
        var variables = [own: reader.readVariables(for: own)]
        for role in known where !own.contains(role) {
            let node = inventory.firstNode(of: role)
            let roles = node?.roles ?? [role]
            others[role] = roles
            if variables[roles] == nil { variables[roles] = reader.readVariables(for: roles, ofOther: node?.name) }
        }
        let single = (own + known).sorted().map { [$0] }
        combinations = (single + [own] + (inventory.entries + inventory.patterns).map(\.roles)).unique()
        (self.own, self.others, self.variables) = (own, others, variables)
    }

    /// The roles of the node as which something for some roles is read, `nil` being every role.
    func roles(for roles: [String]?) -> [String] {
        guard let roles, let first = roles.first, !own.contains(where: roles.contains) else { return own }
        return others[first] ?? [first]
    }

    /// The variables of the node as which something for some roles is read, `nil` being every role.
    func variables(for roles: [String]?) -> Variables {
        variables[self.roles(for: roles)] ?? variables[own] ?? Variables()
    }

    /// The roles that some node has together with each role, that role included.
    var companions: [String: Set<String>] {
        var companions: [String: Set<String>] = [:]
        for roles in combinations {
            for role in roles { companions[role, default: []].formUnion(roles) }
        }
        return companions
    }
}
