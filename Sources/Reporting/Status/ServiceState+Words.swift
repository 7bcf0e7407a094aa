import Base
import Host
import YAML

extension ServiceState {
    /// The state for people, in a few words.
    var words: String {
        guard unit.load == "loaded" else { return unit.load == "not-found" ? "no unit" : unit.load }
        switch unit.active {
        case "activating": return "starting"
        case "deactivating": return "stopping"
        case "inactive" where hasJob: return "queued"
        case "inactive": return wasStarted ? "stopped" : "never started"
        default: return unit.active
        }
    }

    /// The state as a JSON object, in the words of systemd.
    var node: Node {
        .mapping([
            ("load", .string(unit.load)), ("active", .string(unit.active)), ("sub", .string(unit.sub)),
            ("wasStarted", .boolean(wasStarted)),
        ])
    }
}
