import Glibc

/// Reads a regular file of at most `limit` bytes, following links.
///
/// A FIFO or device is refused without being opened, so the function never blocks on one.
public func readFile(_ path: String, limit: Int) throws(SystemError) -> [UInt8] {
    let operation = "cannot read"
    // The type is checked first: merely opening some devices, such as a watchdog, has an effect.
    guard let found = try FileStatus.at(path, followingLinks: true, operation) else {
        throw SystemError(operation, path, code: ENOENT)
    }
    try checkRegular(found, operation, path)
    return try readFile(try FileDescriptor(opening: path, O_RDONLY | O_NONBLOCK, operation), path, limit: limit)
}

private func checkRegular(_ status: FileStatus, _ operation: String, _ path: String) throws(SystemError) {
    if status.kind == .regular { return }
    let code = status.kind == .directory ? EISDIR : EINVAL
    throw SystemError(operation, path, code: code, detail: "is a \(status.kind.rawValue)")
}

/// Reads an open regular file of at most `limit` bytes; the path is for messages.
///
/// The limit also applies to a file that grows while it is read.
public func readFile(
    _ file: borrowing FileDescriptor,
    _ path: String,
    limit: Int,
) throws(SystemError) -> [UInt8] {
    let operation = "cannot read"
    func checkSize(_ count: Int) throws(SystemError) {
        if count <= limit { return }
        throw SystemError(operation, path, code: EFBIG, detail: "is larger than \(byteText(limit))")
    }
    let opened = try FileStatus(descriptor: file.raw, operation, path)
    try checkRegular(opened, operation, path)
    try checkSize(opened.size)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(opened.size)
    while true {
        // Reading one byte beyond the limit detects a file that exceeds the limit despite its reported size.
        let chunk = try file.read(operation, path, capacity: min(limit - bytes.count + 1, 1 << 16))
        if chunk.isEmpty { return bytes }
        bytes += chunk
        try checkSize(bytes.count)
    }
}

/// Reads an open regular file of any size from its current offset, and passes its parts to a function.
public func readParts(
    _ file: borrowing FileDescriptor,
    _ path: String,
    _ receive: ([UInt8]) throws(SystemError) -> Void
) throws(SystemError) {
    let operation = "cannot read"
    try checkRegular(try FileStatus(descriptor: file.raw, operation, path), operation, path)
    while true {
        let part = try file.read(operation, path, capacity: 1 << 18)
        if part.isEmpty { return }
        try receive(part)
    }
}

/// Formats a number of bytes for messages, such as `64 MiB` or `1000 bytes`.
public func byteText(_ count: Int) -> String {
    count > 0 && count.isMultiple(of: 1 << 20) ? "\(count >> 20) MiB" : "\(count) bytes"
}
