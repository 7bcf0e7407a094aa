public import Base
import Glibc

/// Writes the content of a compressed file to another file.
///
/// - Parameters:
///   - path: The compressed file.
///   - file: The file to write; its digest and size are not used.
/// - Throws: ``Base/SystemError`` if the file cannot be read or written, or is damaged.
public func decompress(_ path: String, to file: PinnedFile) throws(SystemError) {
    let new = try NewFile(file)
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
