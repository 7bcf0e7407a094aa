import Base
import Host
import Planning

/// Units that an earlier call of `units` wrote to a directory and this one did not.
///
/// Only files of this program are removed: those with a name and a first line that it writes, and links to such services.
struct StaleUnits {
    let directory: String
    let written: Set<String>

    private static let beginning = Array("# Made by nest-bootstrap".utf8)
    private static let sizeLimit = 1 << 20

    /// Removes them.
    ///
    /// - Throws: ``Base/SystemError`` if the system refuses.
    func remove() throws(SystemError) {
        let names = try FileSystem.list(directory)
        var services = written.filter { taskName(ofUnit: $0) != nil }
        for name in names where taskName(ofUnit: name) != nil && !written.contains(name) {
            guard try isOurs(name) else { continue }
            try FileSystem.remove("\(directory)/\(name)")
            services.insert(name)
        }
        for name in names where name.hasPrefix("k8s-bootstrap-") && name.hasSuffix(".timer") { try removeIfOurs(name) }
        for name in names {
            if name.hasSuffix(".service.d"), taskName(ofUnit: String(name.dropLast(2))) != nil {
                try removeIfOurs("\(name)/50-privileges.conf")
            } else if name.hasSuffix(".wants") {
                for service in services { try removeLink("\(name)/\(service)", to: "../\(service)") }
            }
        }
    }

    private func removeIfOurs(_ name: String) throws(SystemError) {
        if !written.contains(name), try isOurs(name) { try FileSystem.remove("\(directory)/\(name)") }
    }

    private func removeLink(_ name: String, to target: String) throws(SystemError) {
        let path = "\(directory)/\(name)"
        if !written.contains(name), try FileSystem.status(path)?.target == target { try FileSystem.remove(path) }
    }

    private func isOurs(_ name: String) throws(SystemError) -> Bool {
        let path = "\(directory)/\(name)"
        guard let status = try FileSystem.status(path), status.kind == .regular, status.size <= Self.sizeLimit else {
            return false
        }
        return try FileSystem.read(path, limit: Self.sizeLimit).starts(with: Self.beginning)
    }
}
