public import Base
import Glibc

/// The settings of the running kernel, which are files below `/proc/sys`.
public struct KernelSettings: Sendable {
    private let directory: String

    /// Creates a description of the settings, by default of the running kernel.
    public init(directory: String = "/proc/sys") {
        self.directory = directory
    }

    /// The number of bytes of a value above which it is not read.
    private static let sizeLimit = 64 << 10

    /// The number of names above which the search for a setting ends.
    private static let searchLimit = 20_000

    /// Returns the path of a setting, from the names of the directories and of the file.
    public func path(of parts: [String]) -> String { ([directory] + parts).joined(separator: "/") }

    /// Reads a setting.
    ///
    /// - Returns: The value without the line break at its end, or `nil` if the kernel has no such setting.
    /// - Throws: ``Base/SystemError`` if the setting cannot be read, such as one that can only be written.
    public func value(of parts: [String]) throws(SystemError) -> String? {
        do throws(SystemError) {
            let bytes = try FileSystem.read(path(of: parts), limit: Self.sizeLimit)
            return String(decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
    }

    /// Gives a setting a value, in one call of `write`.
    ///
    /// - Throws: ``Base/SystemError`` if the kernel refuses.
    public func set(_ parts: [String], to value: String) throws(SystemError) {
        let (operation, path) = ("cannot write", path(of: parts))
        let file = try FileDescriptor(opening: path, O_WRONLY, operation)
        let bytes = Array("\(value)\n".utf8)
        _ = try SystemError.check(operation, path) {
            unsafe bytes.withUnsafeBytes { unsafe write(file.raw, $0.baseAddress, $0.count) }
        }
    }

    /// Returns the permissions of a setting, `nil` if it cannot be examined.
    public func mode(of parts: [String]) -> UInt32? {
        ((try? FileSystem.status(path(of: parts))) ?? nil).map { $0.mode & 0o777 }
    }

    private func isDirectory(_ parts: [String]) -> Bool {
        ((try? FileSystem.status(path(of: parts))) ?? nil)?.kind == .directory
    }

    /// Returns whether the kernel has a setting, or a directory of settings.
    public func exists(_ parts: [String]) -> Bool { (try? FileSystem.exists(path(of: parts))) == true }

    /// Returns the names in a directory of settings; none if it does not exist.
    public func names(in parts: [String]) -> [String] { (try? FileSystem.list(path(of: parts))) ?? [] }

    /// Returns the setting of which another name is a misspelling, `nil` if there is none.
    public func nearest(to parts: [String]) -> [String]? {
        let separated = parts.flatMap { $0.split(separator: ".").map(String.init) }
        return corrected(parts[...], below: []) ?? joined(parts) ?? (exists(separated) ? separated : nil)
            ?? namesake(of: parts)
    }

    /// Returns the setting whose directories and file are nearest to the given names, one after the other.
    private func corrected(_ parts: ArraySlice<String>, below found: [String]) -> [String]? {
        guard let part = parts.first else { return found }
        let rest = parts.dropFirst()
        if exists(found + [part]) { return corrected(rest, below: found + [part]) }
        guard let near = nearestName(to: part, in: names(in: found)) else { return nil }
        return corrected(rest, below: found + [near])
    }

    /// Returns the setting of an interface such as `eth0.100`, whose dot was read as a separator.
    private func joined(_ parts: [String]) -> [String]? {
        for index in parts.indices.dropLast() {
            let parts = parts[..<index] + ["\(parts[index]).\(parts[index + 1])"] + parts[(index + 2)...]
            if exists(Array(parts)) { return Array(parts) }
        }
        return nil
    }

    /// Returns the only setting of the same name in another directory of the same first one.
    private func namesake(of parts: [String]) -> [String]? {
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return nil }
        var (directories, found, count) = ([[first]], [[String]](), 0)
        while let directory = directories.popLast() {
            for name in names(in: directory) {
                count += 1
                guard count < Self.searchLimit else { return nil }
                let path = directory + [name]
                if name == last { found.append(path) }
                if isDirectory(path) { directories.append(path) }
            }
        }
        return found.count == 1 ? found[0] : nil
    }
}
