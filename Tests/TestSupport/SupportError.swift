internal import Glibc

/// The failure of something that a test needs: a file, a program, a socket.
public struct SupportError: Error, CustomStringConvertible {
    public var description: String

    /// The system's error number, or 0 if no system call failed.
    public var code: Int32

    init(_ description: String) {
        self.description = description
        code = 0
    }

    init(_ operation: String, _ subject: String, code: Int32) {
        var text = [CChar](repeating: 0, count: 256)
        // Not `strerror`: threads share its buffer.
        unsafe strerror_r(code, &text, text.count)
        let reason = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        description = "\(operation) '\(subject)': \(reason)"
        self.code = code
    }

    /// Whether the subject, or a directory on the way to it, does not exist.
    public var isNotFound: Bool { code == ENOENT || code == ENOTDIR }

    /// Calls a C function that returns a negative number and sets `errno` if it fails.
    @discardableResult
    static func check(_ operation: String, _ subject: String, _ body: () -> Int) throws(SupportError) -> Int {
        while true {
            let result = body()
            let code = errno
            if result >= 0 { return result }
            if code != EINTR { throw SupportError(operation, subject, code: code) }
        }
    }
}
