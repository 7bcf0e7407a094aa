import Base
import Glibc
import Host

/// The file system without space, for programs that say only that no space is left.
struct SpaceAdvice {
    /// The environment of the program.
    var environment: [String: String]
    /// The paths that the program writes, as far as its task names them.
    var targets: [String]

    /// The directory in which programs keep temporary files.
    private var temporary: String {
        guard let directory = environment["TMPDIR"], directory.isAbsolutePath else { return "/tmp" }
        return directory
    }

    /// Returns which file system has no space left, and what to do.
    ///
    /// - Parameter line: The last line of a program that failed.
    /// - Returns: The advice, `nil` if the line is not about space, or its path is not one of a temporary file.
    func text(for line: String) -> String? {
        let message = line.lowercased()
        guard message.contains("no space left") || message.contains("disk quota exceeded"),
            let space = FreeSpace.at(temporary)
        else { return nil }
        if let path = line.firstMatch(of: /(?:^|[\s:'"‘`=(])(\/[^\s:'"’)]+)/)?.1 {
            guard isPath(path, at: temporary), FreeSpace.at(String(path))?.mount == space.mount else { return nil }
            return advice(on: space, "had no space left")
        }
        let others = targets.compactMap { FreeSpace.at($0) }
        if let full = others.first(where: \.isFull) {
            let error = SystemError("", full.mount, code: ENOSPC).examined()
            return [error.detail, error.advice].compactMap(\.self).joined(separator: "; ")
        }
        if space.isFull { return advice(on: space, "has no space left") }
        // Temporary files are gone when a program has ended.
        guard !others.contains(where: { $0.mount == space.mount || $0.free / 4 < space.free }) else { return nil }
        return advice(on: space, "may have had too little space")
    }

    private func advice(on space: FreeSpace, _ predicate: String) -> String {
        let other = "/var/tmp"
        let isLarger = FreeSpace.at(other).map { $0.mount != space.mount && $0.free > space.free } ?? false
        let change =
            isLarger
            ? "write environment: {TMPDIR: \(other)}"
            : "delete files in '\(space.mount)', or write environment: {TMPDIR: DIRECTORY} with one that has space"
        return
            "'\(temporary)', its directory for temporary files, \(predicate) (now \(roundedByteText(space.free)) of "
            + "\(roundedByteText(space.size)) free): \(change)"
    }
}
