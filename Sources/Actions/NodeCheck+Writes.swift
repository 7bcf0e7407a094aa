import Base
import Glibc
import Host
import Planning

/// Paths of the node that a task writes.
extension NodeCheck {
    func check(_ write: Footprint.Write) -> [Problem] {
        if write.effect == .modifies { return checkWritable(write.path) }
        return write.product == nil ? [] : checkLinks(to: write.path)
    }

    /// A written path whose directory is reached through another user's link.
    private func checkLinks(to path: LocatedPath) -> [Problem] {
        do {
            let directory = try PathParts(try run.files.location(ofWritten: path.path), "cannot write").directory
            _ = try FileSystem.directoryForWriting(directory, "cannot write into")
            return []
        } catch {
            // Other checks, or the run, report any other error on the way.
            guard error.code == EACCES else { return [] }
            let hint = "write the path without the link, or let root own the link"
            return [Problem("\(error)", at: path.location, hint: hint)]
        }
    }

    /// A path that a unit is to let a program write: a directory that is made, or something that exists.
    private func checkWritable(_ writable: LocatedPath) -> [Problem] {
        let path = writable.path
        guard !path.endsWithSlash, producers.producer(of: path) == nil, (try? run.files.exists(path)) != true else {
            return []
        }
        let hint = "write '\(path)/' if it is a directory to be made, or the directory that the file is in"
        return [
            Problem(
                "'\(path)' does not exist, so the unit cannot be allowed to write it",
                at: writable.location,
                hint: hint
            )
        ]
    }
}
