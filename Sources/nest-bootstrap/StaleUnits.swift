import Host
import Planning

/// What an earlier call of `units` left in a directory and this one did not write again.
///
/// Only what is certainly ours is removed: files that begin as ours do, and links to services of tasks.
struct StaleUnits {
    let directory: String
    let written: Set<String>

    /// What the first line of every file of ours has.
    private static let mark = "Made by nest-bootstrap"
    private static let sizeLimit = 1 << 20

    /// Removes it.
    ///
    /// - Throws: ``Host/SystemError`` if the system refuses.
    func remove() throws(SystemError) {
        for name in try FileSystem.list(directory) {
            let path = "\(directory)/\(name)"
            if taskName(ofUnit: name) != nil {
                try removeFile(name)
            } else if name.hasSuffix(".wants") || name.hasPrefix("k8s-bootstrap") && name.hasSuffix(".d") {
                guard try FileSystem.status(path)?.kind == .directory else { continue }
                for entry in try FileSystem.list(path) { try removeFile("\(name)/\(entry)") }
            }
        }
    }

    private func removeFile(_ name: String) throws(SystemError) {
        let path = "\(directory)/\(name)"
        guard !written.contains(name), let status = try FileSystem.status(path) else { return }
        switch status.kind {
        case .symbolicLink:
            guard let target = status.target, target.hasPrefix("../"),
                taskName(ofUnit: String(target.dropFirst(3))) != nil
            else { return }
        case .regular:
            let bytes = try FileSystem.read(path, limit: Self.sizeLimit)
            guard String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self).contains(Self.mark) else {
                return
            }
        default: return
        }
        try FileSystem.remove(path)
    }
}
