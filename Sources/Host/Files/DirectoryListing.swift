import Base
import Glibc

/// A single pass over the names of an open directory.
@safe
struct DirectoryListing: ~Copyable {
    private let raw: OpaquePointer

    /// Takes ownership of an open directory.
    init(
        adopting descriptor: consuming FileDescriptor,
        _ operation: String,
        _ path: String,
    ) throws(SystemError) {
        let opened = unsafe fdopendir(descriptor.raw)
        let code = errno
        guard let opened = unsafe opened else { throw SystemError(operation, path, code: code) }
        descriptor.release()
        unsafe raw = opened
    }

    deinit { unsafe closedir(raw) }

    /// The descriptor of the directory, for calls that take a name in it.
    var descriptor: CInt { unsafe dirfd(raw) }

    /// Returns all names in the file system's order, without `.` and `..`.
    func names(_ operation: String, _ path: String, limit: Int) throws(SystemError) -> [String] {
        var names: [String] = []
        while let name = try next(operation, path) {
            if name == "." || name == ".." { continue }
            names.append(name)
            guard names.count <= limit else {
                throw SystemError(operation, path, code: EFBIG, detail: "contains more than \(limit) names")
            }
        }
        return names
    }

    private func next(_ operation: String, _ path: String) throws(SystemError) -> String? {
        errno = 0
        let entry = unsafe readdir(raw)
        let code = errno
        if let entry = unsafe entry, let offset = MemoryLayout<dirent>.offset(of: \.d_name) {
            // The record may be shorter than its C type, so only its name is read.
            let name = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            if let text = unsafe String(validatingCString: name) { return text }
            let shown = unsafe printable(String(cString: name))
            throw SystemError(operation, path, code: EILSEQ, detail: "has a name in it that is not UTF-8: '\(shown)'")
        }
        if code != 0 { throw SystemError(operation, path, code: code) }
        return nil
    }
}
