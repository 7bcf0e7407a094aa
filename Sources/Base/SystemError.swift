import Glibc

/// A failed call to the operating system.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The failed operation, such as `cannot read`.
    public var operation: String

    /// The subject of the operation, such as a path; empty if the operation already names the subject.
    public var subject: String

    /// The system's error number.
    public var code: Int32

    /// A reason that replaces the system's text for the code.
    public var detail: String?

    public var advice: String?

    public init(
        _ operation: String,
        _ subject: String,
        code: Int32,
        detail: String? = nil,
        advice: String? = nil,
    ) {
        self.advice = advice
        self.operation = operation
        self.subject = subject
        self.code = code
        self.detail = detail
    }

    /// The reason why the call failed: the detail if there is one, otherwise the system's text for the code.
    public var reason: String { detail ?? Self.text(for: code) }

    /// The message without the advice, such as `cannot read '/x': No such file or directory`.
    public var description: String {
        subject.isEmpty ? "\(operation): \(reason)" : "\(operation) '\(subject)': \(reason)"
    }

    /// Whether the subject does not exist, or one of its parent directories is missing or not a directory.
    public var isNotFound: Bool { code == ENOENT || code == ENOTDIR }

    /// Whether the subject is a directory where a file is needed.
    public var isDirectory: Bool { code == EISDIR }

    /// Returns the system's text for an error number.
    public static func text(for code: Int32) -> String {
        var text = [CChar](repeating: 0, count: 256)
        // POSIX does not require `strerror` to be thread-safe.
        unsafe strerror_r(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension SystemError {
    /// Calls a C function, and repeats the call if a signal interrupts it.
    ///
    /// - Throws: ``SystemError`` with `errno` if the result is negative.
    public static func check(
        _ operation: String,
        _ subject: String,
        _ body: () -> Int,
    ) throws(SystemError) -> Int {
        while true {
            let result = body()
            let code = errno
            if result >= 0 { return result }
            if code != EINTR { throw SystemError(operation, subject, code: code) }
        }
    }

    /// Calls a C function that returns an `int`, and repeats the call if a signal interrupts it.
    @discardableResult
    public static func check(
        _ operation: String,
        _ subject: String,
        _ body: () -> CInt,
    ) throws(SystemError) -> CInt {
        CInt(try check(operation, subject) { Int(body()) })
    }

    /// Refuses an empty path, and a path with a NUL character, at which C would cut off the path.
    public static func checkPath(_ operation: String, _ path: String) throws(SystemError) {
        guard let fault = path.cStringFault else { return }
        // The message omits an empty subject, so the quotes around the path are part of the operation.
        if path.isEmpty { throw SystemError("\(operation) ''", "", code: EINVAL, detail: "it \(fault)") }
        throw SystemError(operation, path, code: EINVAL, detail: "it \(fault)")
    }
}

extension String {
    /// The fault of a text that is passed to C: `is empty` or `contains a NUL character`; `nil` if there is none.
    public var cStringFault: String? {
        if isEmpty { return "is empty" }
        return utf8.contains(0) ? "contains a NUL character" : nil
    }
}
