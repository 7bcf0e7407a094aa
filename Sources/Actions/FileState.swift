import Base
import Host
import Kubernetes

/// A file with what `write` sets of it, for showing in a dry run how it would change.
struct FileState {
    private let bytes: [UInt8]?
    private let target: String?
    private let mode: UInt32?
    private let owner: UInt32
    private let group: UInt32?

    /// Creates the state that a task describes.
    init(bytes: [UInt8], mode: UInt32, owner: UInt32, group: UInt32?) {
        (self.bytes, self.mode, self.owner, self.group) = (bytes, mode, owner, group)
        target = nil
    }

    /// Reads the state of an existing file or link.
    ///
    /// - Throws: ``Base/SystemError`` if the file cannot be read.
    init(_ status: FileStatus, at location: String) throws(SystemError) {
        let isLink = status.kind == .symbolicLink
        bytes = isLink ? nil : try FileSystem.read(location, limit: SizeLimit.content)
        (target, mode) = (status.target, isLink ? nil : status.mode)
        (owner, group) = (status.owner, status.group)
    }

    /// Whether everyone may read the file.
    private var isPublic: Bool { mode.map { $0 & 0o004 != 0 } ?? true }

    /// Shows how the file would change.
    ///
    /// The content of a file that not everyone may read is shown only if the caller knows what is secret in it.
    ///
    /// - Parameters:
    ///   - old: The state before, `nil` if there is no file.
    ///   - isShown: Whether the content may be shown although not everyone may read it.
    /// - Returns: Changes of permissions and owner, then the lines of a unified diff.
    func difference(from old: FileState?, isShown: Bool) -> [String] {
        var lines: [String] = []
        if let old {
            if let target = old.target { lines.append("link to '\(target)' -> regular file") }
            if let before = old.mode, let mode, before != mode {
                lines.append("mode \(octal(before)) -> \(octal(mode))")
            }
            if old.owner != owner { lines.append("owner \(old.owner) -> \(owner)") }
            if let before = old.group, let group, before != group { lines.append("group \(before) -> \(group)") }
        }
        guard let bytes, bytes != old?.bytes else { return lines }
        guard isShown || isPublic && old?.isPublic != false else {
            return lines + ["(content not shown: not everyone may read the file)"]
        }
        return lines + TextDiff.lines(from: old?.bytes, to: bytes)
    }

    private func octal(_ mode: UInt32) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
