import Glibc

/// Something that the operating system refused.
public struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was attempted, such as `cannot read`.
    public var operation: String

    /// What it was attempted on, such as a path.
    public var subject: String

    /// The system's error number.
    public var code: Int32

    /// A reason in words where the system's own would not tell enough.
    public var detail: String?

    /// Creates an error; without a detail the system's words for the code are printed.
    public init(_ operation: String, _ subject: String, code: Int32, detail: String? = nil) {
        self.operation = operation
        self.subject = subject
        self.code = code
        self.detail = detail
    }

    /// Why the system refused: the detail, else the system's words for the code.
    public var reason: String {
        if let detail { return detail }
        var words = [CChar](repeating: 0, count: 256)
        // Not `strerror`, whose words lie in a buffer that threads share.
        unsafe strerror_r(code, &words, words.count)
        return String(decoding: words.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The printed line: `cannot read '/x': No such file or directory`.
    public var description: String { "\(operation) '\(subject)': \(reason)" }

    /// Whether the subject, or a directory on the way to it, does not exist.
    public var isNotFound: Bool { code == ENOENT || code == ENOTDIR }
}

extension SystemError {
    /// Calls C until no signal interrupts it and returns its result, which is not negative.
    static func check(
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

    /// Calls C as ``check(_:_:_:)`` does, for the functions that return an `int`.
    @discardableResult
    static func check(
        _ operation: String,
        _ subject: String,
        _ body: () -> CInt,
    ) throws(SystemError) -> CInt {
        CInt(try check(operation, subject) { Int(body()) })
    }

    /// Refuses a path that C would cut short at a NUL, or read as the current directory.
    static func checkPath(_ operation: String, _ path: String) throws(SystemError) {
        guard let fault = path.fault else { return }
        throw SystemError(operation, path.replacingNUL, code: EINVAL, detail: "it \(fault)")
    }
}

extension String {
    /// Why C would take this text for another one, if it would.
    var fault: String? {
        if isEmpty { return "is empty" }
        return utf8.contains(0) ? "contains a NUL character" : nil
    }

    /// The text with every NUL shown as `\0`.
    fileprivate var replacingNUL: String {
        var shown = ""
        for character in unicodeScalars {
            if character == "\0" { shown += "\\0" } else { shown.unicodeScalars.append(character) }
        }
        return shown
    }
}
