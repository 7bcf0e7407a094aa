public import Base
internal import CArchive
internal import Glibc

/// An entry of an archive, as its header describes it.
public struct ArchiveEntry: Sendable, Hashable {
    /// The kind of an entry, with what belongs to it.
    public enum Kind: Sendable, Hashable {
        case file
        case directory
        /// A symbolic link with its target, `nil` if that is not UTF-8.
        case link(target: String?)
        /// Another name of a file that precedes it in the archive, `nil` if that is not UTF-8.
        case hardLink(name: String?)
        /// Something that is never unpacked, such as a device.
        case other(FileStatus.Kind)
    }

    /// The name as it is in the archive, `nil` if it is not UTF-8.
    public var name: String?

    /// The kind of the entry.
    public var kind: Kind

    /// The permissions, with set-user, set-group and sticky bits.
    public var mode: UInt32
}

/// A reader of an archive, one entry after the other.
///
/// It reads tar archives, compressed with gzip, bzip2, xz, zstd or lz4 or not at all, and zip archives. It is not safe
/// against concurrent changes of the file.
@safe
public struct ArchiveReader: ~Copyable {
    let raw: OpaquePointer

    /// The size of the blocks in which the file is read.
    private static let blockSize = 1 << 17

    /// Opens an archive.
    ///
    /// - Parameter path: The archive's file.
    /// - Throws: ``ArchiveError`` if the file cannot be read, or is not an archive.
    public init(_ path: String) throws(ArchiveError) {
        try self.init(path, isRaw: false)
    }

    /// Opens a compressed file of any format, whose content is that of its only entry.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``ArchiveError`` if the file cannot be read.
    public init(compressed path: String) throws(ArchiveError) { try self.init(path, isRaw: true) }

    private init(_ path: String, isRaw: Bool) throws(ArchiveError) {
        guard let raw = unsafe nest_archive_read_new() else { preconditionFailure("memory for a reader of archives") }
        unsafe self.raw = raw
        if isRaw {
            unsafe nest_archive_read_support_format_raw(raw)
        } else {
            unsafe nest_archive_read_support_format_tar(raw)
            unsafe nest_archive_read_support_format_zip(raw)
        }
        unsafe nest_archive_read_support_filter_gzip(raw)
        unsafe nest_archive_read_support_filter_bzip2(raw)
        unsafe nest_archive_read_support_filter_xz(raw)
        unsafe nest_archive_read_support_filter_zstd(raw)
        unsafe nest_archive_read_support_filter_lz4(raw)
        try check(unsafe nest_archive_read_open_filename(raw, path, Self.blockSize))
    }

    deinit {
        unsafe nest_archive_read_free(raw)
    }

    /// Whether the format of the current entry's header is tar.
    public var isTar: Bool { unsafe nest_archive_format(raw) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR }

    /// Whether the file is compressed as a whole.
    public var isCompressed: Bool { unsafe nest_archive_filter_count(raw) > 1 }

    /// Reads the header of the next entry; what was not read of the entry before it is skipped.
    ///
    /// - Returns: The entry, or `nil` at the end of the archive.
    /// - Throws: ``ArchiveError`` if the archive is damaged or incomplete.
    public mutating func next() throws(ArchiveError) -> ArchiveEntry? {
        var found: OpaquePointer?
        let code = unsafe nest_archive_read_next_header(raw, &found)
        if code == ARCHIVE_EOF { return nil }
        // A warning is about a text that the locale does not have, or about properties that are not used.
        if code != ARCHIVE_WARN { try check(code) }
        guard let entry = unsafe found else { preconditionFailure("libarchive returns the entry that it has read") }
        // A name that is not UTF-8 is no text in any other encoding either.
        let name = unsafe Self.text(nest_archive_entry_pathname_utf8(entry), orElse: nest_archive_entry_pathname(entry))
        let mode = unsafe UInt32(nest_archive_entry_mode(entry)) & 0o7777
        return ArchiveEntry(name: name, kind: unsafe Self.kind(of: entry), mode: mode)
    }

    private static func kind(of entry: OpaquePointer) -> ArchiveEntry.Kind {
        if unsafe nest_archive_entry_hardlink(entry) != nil || nest_archive_entry_hardlink_utf8(entry) != nil {
            return .hardLink(
                name: unsafe text(nest_archive_entry_hardlink_utf8(entry), orElse: nest_archive_entry_hardlink(entry))
            )
        }
        switch unsafe nest_archive_entry_filetype(entry) {
        case Glibc.S_IFDIR: return .directory
        case Glibc.S_IFLNK:
            return .link(
                target: unsafe text(nest_archive_entry_symlink_utf8(entry), orElse: nest_archive_entry_symlink(entry))
            )
        case Glibc.S_IFIFO: return .other(.fifo)
        case Glibc.S_IFSOCK: return .other(.socket)
        case Glibc.S_IFCHR: return .other(.characterDevice)
        case Glibc.S_IFBLK: return .other(.blockDevice)
        default: return .file
        }
    }

    private static func text(_ utf8: UnsafePointer<CChar>?, orElse bytes: UnsafePointer<CChar>?) -> String? {
        guard let bytes = unsafe utf8 ?? bytes else { return nil }
        return unsafe String(validatingCString: bytes)
    }

    /// Reads bytes of the current entry's content.
    ///
    /// - Parameter capacity: The maximum number of bytes.
    /// - Returns: The bytes that follow, `nil` at the end of the content.
    /// - Throws: ``ArchiveError`` if the archive is damaged or incomplete.
    public mutating func read(capacity: Int = 1 << 18) throws(ArchiveError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: capacity)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe nest_archive_read_data(raw, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw error() }
        guard count > 0 else { return nil }
        bytes.removeLast(capacity - count)
        return bytes
    }

    /// Throws an error for a code of libarchive that is not a success.
    private func check(_ code: Int32) throws(ArchiveError) {
        guard code == ARCHIVE_OK else { throw error() }
    }

    private func error() -> ArchiveError {
        let text = unsafe nest_archive_error_string(raw).map { unsafe String(cString: $0) }
        let code = unsafe nest_archive_errno(raw)
        // libarchive reports errors of the system with their numbers, and its own with -1, EILSEQ and EINVAL.
        let isOfSystem = code > 0 && code != EILSEQ && code != EINVAL
        return ArchiveError(
            "cannot be unpacked: \(text ?? "it is damaged")",
            isOfSystem: isOfSystem,
            advice: isOfSystem ? nil : Self.advice(on: text ?? "")
        )
    }

    /// Returns what to do about an error that libarchive reports about the content of an archive.
    private static func advice(on text: String) -> String {
        let text = text.lowercased()
        let again = "fetch or copy it again, and compare its SHA-256 digest with that of its publisher"
        if text.contains("unrecognized archive format") {
            return "it is neither a tar archive, also compressed, nor a zip archive: see with 'file' what it is, and "
                + again
        }
        if ["truncated", "premature", "unexpected end", "end of file"].contains(where: text.contains) {
            return "it is incomplete: \(again)"
        }
        if ["unsupported", "not supported", "encrypt", "passphrase"].contains(where: text.contains) {
            return "write it in another format: as a tar archive, compressed with gzip, xz or zstd"
        }
        return "it is damaged: \(again)"
    }
}

/// The version of the loaded libarchive, such as `3.6.2`.
public let libarchiveVersion: String = {
    let number = Int(nest_archive_version_number())
    return "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)"
}()

/// An archive that cannot be unpacked.
public struct ArchiveError: Error, Hashable, CustomStringConvertible {
    /// A predicate of the archive, such as `is not unpacked: it is empty`.
    public var description: String

    /// Whether the system could not read the file, so that nothing is known about the archive.
    public var isOfSystem: Bool

    /// The advice, `nil` if there is none.
    public var advice: String?

    public init(_ description: String, isOfSystem: Bool = false, advice: String? = nil) {
        (self.description, self.isOfSystem, self.advice) = (description, isOfSystem, advice)
    }
}
