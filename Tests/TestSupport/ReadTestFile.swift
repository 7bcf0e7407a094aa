internal import Glibc

/// Reads a file that a test has made.
///
/// - Throws: ``ChildProcessError`` if it cannot be read.
public func readTestFile(_ path: String) throws(ChildProcessError) -> [UInt8] {
    guard let file = unsafe fopen(path, "r") else { throw ChildProcessError("cannot read '\(path)'") }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    while true {
        let byte = unsafe getc(file)
        guard byte != EOF else { return bytes }
        bytes.append(UInt8(truncatingIfNeeded: byte))
    }
}
