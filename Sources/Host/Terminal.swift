import Glibc

/// What is on the other side of an output.
public enum Terminal {
    /// Tells whether a person looks at the output.
    ///
    /// - Parameter descriptor: The output, such as 1.
    /// - Returns: Whether it is a terminal.
    public static func isTerminal(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1
    }

    /// Tells how many characters a line of the terminal holds.
    ///
    /// - Parameter descriptor: The output, such as 1.
    /// - Returns: The number, or `nil` if the output is no terminal or does not know.
    public static func columns(_ descriptor: Int32) -> Int? {
        var size = winsize()
        let code = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size)
        return code == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }
}

/// Writes all bytes to an output, also where it takes only some at a time.
///
/// The process must ignore the signal of a broken pipe, see ``Signals/ignoreBrokenPipe()``.
///
/// - Parameters:
///   - bytes: What to write.
///   - descriptor: The output, such as 1.
///   - patience: How long an output that blocks nobody may stay full before this gives up.
/// - Throws: ``SystemError`` with code `EPIPE` if nobody reads any more, or another if the output is broken.
public func writeAll(
    _ bytes: [UInt8],
    to descriptor: Int32,
    patience: Duration = .seconds(30),
) throws(SystemError) {
    try writeAll(bytes, to: descriptor, patience: patience, "cannot write to", "output \(descriptor)")
}

/// Writes all bytes, with the words of whoever needs it done.
func writeAll(
    _ bytes: [UInt8],
    to descriptor: CInt,
    patience: Duration = .seconds(30),
    _ operation: String,
    _ subject: String,
) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
        do throws(SystemError) {
            let count = try SystemError.check(operation, subject) {
                unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        } catch {
            guard error.code == EAGAIN else { throw error }
            var waits = [pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)]
            if try poll(&waits, until: .now + patience) { continue }
            throw SystemError(operation, subject, code: ETIMEDOUT, detail: "nobody reads it")
        }
    }
}
