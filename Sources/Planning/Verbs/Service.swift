public import Base
import YAML

/// Verb `service`: the state of a systemd unit, and whether it is started at boot.
public struct ServiceDeclaration: VerbDeclaration {
    /// The states that a task can bring a unit into.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// The unit is active; it is started if it is not.
        case started
        /// The unit is not active; it is stopped if it is.
        case stopped
        /// The unit is stopped and started again, or started.
        case restarted
        /// The unit reads its configuration again, or is started.
        case reloaded
    }

    /// The name of the unit, with its suffix.
    public var unit: String

    /// The location of the name in the task file.
    public var location: SourceLocation

    /// Whether systemd starts the unit at boot; `nil` to leave that as it is.
    public var isEnabled: Bool?

    /// The state to bring the unit into; `nil` to leave its state as it is.
    public var state: State?

    /// Whether the task succeeds if the unit does not exist, because it only stops and disables the unit.
    public var mayBeAbsent: Bool { isEnabled != true && [nil, .stopped].contains(state) }
}

extension ServiceDeclaration: ReadableVerb {
    /// The verb's key in the task file.
    public static var name: String { "service" }

    public static var summary: String { "enables, starts, restarts or stops a systemd unit" }

    /// The verb's keys.
    public static var keys: [KeyDescription] {
        [Keys.name.description, Keys.enable.description, Keys.state.description]
    }

    private enum Keys {
        static let name = Key.required(
            "name",
            .service,
            example: "kubelet",
            "the unit; a name without a suffix is that of a service"
        )
        static let enable = Key.optional(
            "enable",
            .boolean,
            default: "as it is",
            "whether systemd starts the unit at boot, as `systemctl enable` and `disable` set it"
        )
        static let state = Key.optional(
            "state",
            ValueReader(type: .enumeration(State.allCases.map(\.rawValue))) { $0.serviceState() },
            default: "as it is",
            "`restarted` and `reloaded` act in every run of the task, and start a unit that is not active"
        )
    }

    static var anyOfKeys: [String] { ["enable", "state"] }

    static func read(_ fields: inout MappingReader, _ context: VerbContext) -> ReadVerb? {
        let unit = fields.value(Keys.name)
        let isEnabled = fields.value(Keys.enable)
        let state = fields.value(Keys.state).flatMap(State.init)
        let location = fields.entries.first { $0.key == Keys.name.description.name }?.value.location ?? fields.location
        if !fields.entries.contains(where: { ["enable", "state"].contains($0.key) }) {
            fields.problems.add(
                fields.location,
                "\(fields.subject.name) must have 'enable' or 'state'",
                hint: "add enable: true, or state: started",
            )
        }
        guard let unit else { return nil }
        fields.reportUnchangeable(unit, at: location, isEnabled: isEnabled)
        if isOwnUnit(unit) {
            fields.problems.add(
                location,
                "'\(unit)' is a unit of nest-bootstrap",
                hint: "for the order of tasks, write 'after:'; to leave one out, enable: false beside its verb",
            )
        }
        return ReadVerb(Self(unit: unit, location: location, isEnabled: isEnabled, state: state))
    }

    /// The paths, connections and privileges of the task.
    public var footprint: Footprint {
        var footprint = Footprint(
            // The journal has the reason if the unit fails.
            reads: ["/var/log/journal", "/run/log/journal", "/etc/machine-id"].map {
                .init(path: LocatedPath($0, location: location), use: .optional)
            },
            connections: [.systemBus]
        )
        footprint.service = .init(
            unit: unit,
            location: location,
            changesEnabling: isEnabled != nil,
            changesState: state != nil
        )
        return footprint
    }
}

extension MappingReader {
    /// Reports `enable` for a unit that has no file, and so cannot be enabled.
    fileprivate func reportUnchangeable(_ unit: String, at location: SourceLocation, isEnabled: Bool?) {
        guard isEnabled != nil, let suffix = [".scope", ".device"].first(where: unit.hasSuffix) else { return }
        let maker = suffix == ".scope" ? "the program that starts its processes" : "the kernel"
        problems.add(
            location,
            "\(subject.label("enable")) has no effect on '\(unit)', which \(maker) creates",
            hint: "remove enable:"
        )
    }
}

extension ConfigValue {
    /// Reads the state of a unit.
    fileprivate func serviceState() -> String? {
        let meant = [
            "running": "started", "active": "started", "up": "started", "on": "started", "present": "started",
            "dead": "stopped", "inactive": "stopped", "down": "stopped", "off": "stopped", "absent": "stopped",
        ]
        guard let word = node.string?.lowercased(), let state = meant[word] else {
            return self.word(of: ServiceDeclaration.State.allCases.map(\.rawValue))
        }
        let words = list(ServiceDeclaration.State.allCases.map { "'\($0.rawValue)'" }, "or")
        reportTypeMismatch(words, hint: "did you mean '\(state)'?")
        return nil
    }
}
