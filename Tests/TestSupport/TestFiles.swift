public import Base
internal import Glibc

/// Reads a file that a test has made.
///
/// - Throws: ``Base/SystemError`` if it cannot be read.
public func readTestFile(_ path: String) throws(SystemError) -> [UInt8] {
    try readFile(path, limit: 256 << 20)
}

/// Reads a text that a test has made.
///
/// - Throws: ``Base/SystemError`` if it cannot be read.
public func readTestText(_ path: String) throws(SystemError) -> String {
    String(decoding: try readTestFile(path), as: UTF8.self)
}

/// Changes the permissions of a file or directory.
///
/// - Throws: ``Base/SystemError`` if the system refuses.
public func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
    try SystemError.check("cannot change the mode of", path) { unsafe chmod(path, mode) }
}
