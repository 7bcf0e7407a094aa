public import Base
import Glibc

/// Writes the content of a compressed file to another file.
///
/// - Parameters:
///   - path: The compressed file.
///   - target: The file to write.
///   - mode: Its permissions.
/// - Throws: ``Base/SystemError`` if the file cannot be read or written, or is damaged.
public func decompress(_ path: String, to target: String, mode: UInt32) throws(SystemError) {
    let new = try NewFile(PinnedFile(path: target, sha256: "", size: nil, mode: mode))
    do {
        var reader = try ArchiveReader(compressed: path)
        guard try reader.next() != nil else { return try new.complete() }
        while let bytes = try reader.read() { try new.append(bytes) }
        try new.complete()
    } catch let error as SystemError {
        throw error
    } catch {
        throw SystemError("cannot read", path, code: EBADMSG, detail: "it \(error)")
    }
}
