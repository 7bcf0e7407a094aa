internal import Glibc

/// Reads a small file whole.
///
/// Never waits, as a pipe in the place of a file would make it.
///
/// - Throws: ``TransportError`` if the path is not that of a readable, regular file of at most a mebibyte.
func readFile(_ path: String) throws(TransportError) -> [UInt8] {
    func refuse(_ reason: String) -> TransportError {
        TransportError(.unreadableFile, "cannot read '\(path)': \(reason)")
    }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw refuse(systemMessage(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw refuse(systemMessage(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw refuse("not a regular file") }

    let limit = 1 << 20
    var bytes: [UInt8] = []
    var piece: [UInt8] = Array(repeating: 0, count: 16_384)
    while true {
        let count = unsafe piece.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw refuse(systemMessage(errno)) }
        guard count > 0 else { return bytes }
        bytes += piece.prefix(count)
        guard bytes.count <= limit else { throw refuse("larger than 1 MiB") }
    }
}

/// The system's words for an error number.
func systemMessage(_ code: Int32) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
