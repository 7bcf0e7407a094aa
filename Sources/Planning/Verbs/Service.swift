public import Base

/// Verb `service`: the state of a systemd unit, and whether it is started at boot.
public struct ServiceDeclaration: VerbDeclaration {
    public enum State: String, Sendable, Hashable, CaseIterable {
        case started
        case stopped
        /// The unit is restarted in every run, or started if it is not active.
        case restarted
        /// The unit is reloaded in every run, or started if it is not active.
        case reloaded
    }

    /// The name of the unit with its suffix.
    public var unit = ""

    /// The location of the name in the task file.
    public var location = SourceLocation.nowhere

    /// Whether systemd starts the unit at boot, or `nil` for no change.
    public var isEnabled: Bool?

    /// The wanted state, or `nil` for no change.
    public var state: State?

    /// Whether the task succeeds if the unit does not exist, because the task starts and enables nothing.
    public var mayBeAbsent: Bool { isEnabled != true && [nil, .stopped].contains(state) }
}

extension ServiceDeclaration: ReadableVerb {
    public static var name: String { "service" }

    static var summary: String { "enables, starts, restarts or stops a systemd unit" }

    static let keys: [Key<Self>] = [
        Key("name", \.unit, .service, required: "kubelet")
            .meaning("the unit; a name without a suffix is that of a service"),
        Key("enable", \.isEnabled, .boolean, default: "as it is")
            .meaning("whether systemd starts the unit at boot, as `systemctl enable` and `disable` set it"),
        Key("state", \.state, .word, default: "as it is")
            .meaning("`restarted` and `reloaded` act in every run of the task, and start a unit that is not active"),
    ]

    static func read(_ fields: ConfigValue, _ context: VerbContext) -> ReadVerb? {
        var declaration = Self()
        declaration.location = fields.location(ofKey: "name")
        let isUsable = fields.read(keys, into: &declaration)
        if !fields.entries.contains(where: { ["enable", "state"].contains($0.key) }) {
            fields.problems.add(
                fields.location,
                "\(fields.subject.name) must have 'enable' or 'state'",
                hint: "add enable: true, or state: started",
            )
        }
        guard isUsable else { return nil }
        if isOwnUnit(declaration.unit) {
            fields.problems.add(
                declaration.location,
                "'\(declaration.unit)' is a unit of nest-bootstrap",
                hint: "for the order of tasks, write 'after:'; to leave one out, enable: false beside its verb",
            )
        }
        return ReadVerb(declaration)
    }

    public var footprint: Footprint {
        var footprint = Footprint(
            // A failure message quotes the journal of the unit.
            reads: ["/var/log/journal", "/run/log/journal", "/etc/machine-id"].map {
                .init(path: LocatedPath($0, location: location), use: .optional)
            },
            connections: [.systemBus]
        )
        footprint.service = self
        return footprint
    }
}
