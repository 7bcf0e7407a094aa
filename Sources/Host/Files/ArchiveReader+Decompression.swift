import Base
internal import CArchive
internal import Glibc

/// Entries of an archive that are compressed themselves, such as layers of images.
extension ArchiveReader {
    /// Reads the rest of the current entry, and decompresses it at the same time.
    ///
    /// - Parameters:
    ///   - first: The bytes of the entry that were read before.
    ///   - onRead: Called with the further bytes of the entry.
    ///   - onContent: Called with the bytes that the entry decompresses to.
    /// - Returns: Whether the entry can be decompressed as a whole. Otherwise, only `onRead` has had all of it.
    /// - Throws: ``ArchiveError`` of the archive, or of one of the two functions.
    public mutating func decompress(
        after first: [UInt8],
        onRead: ([UInt8]) throws(ArchiveError) -> Void,
        onContent: ([UInt8]) throws(ArchiveError) -> Void,
    ) throws(ArchiveError) -> Bool {
        let source = unsafe DecompressionSource(raw, first)
        let isWhole = try source.decompress(onRead: onRead, onContent: onContent)
        while let bytes = try read() { try onRead(bytes) }
        return isWhole
    }
}

/// The compressed bytes of an entry, in the form in which libarchive asks for them.
@safe
private final class DecompressionSource {
    private let archive: OpaquePointer
    /// The memory that libarchive reads until it asks for the next bytes.
    private let buffer: UnsafeMutableRawBufferPointer
    private var count: Int
    /// The bytes that libarchive has asked for and that were not handed to the caller yet.
    private var handed: [[UInt8]] = []
    private var isFirst = true
    private var hasFailed = false

    private static let capacity = 1 << 18

    init(_ archive: OpaquePointer, _ first: [UInt8]) {
        unsafe self.archive = archive
        count = first.count
        unsafe buffer = .allocate(byteCount: max(Self.capacity, first.count), alignment: 16)
        unsafe buffer.copyBytes(from: first)
    }

    deinit { unsafe buffer.deallocate() }

    /// Reads the next compressed bytes into the buffer.
    ///
    /// - Parameter bytes: The place for the address of the bytes.
    /// - Returns: The number of the bytes, 0 at the end, and negative after an error.
    private func next(_ bytes: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        if isFirst {
            isFirst = false
        } else {
            count = unsafe nest_archive_read_data(archive, buffer.baseAddress, buffer.count)
            hasFailed = count < 0
            if count > 0 { handed.append(unsafe Array(buffer.prefix(count))) }
        }
        unsafe bytes.pointee = UnsafeRawPointer(buffer.baseAddress)
        return count
    }

    func decompress(
        onRead: ([UInt8]) throws(ArchiveError) -> Void,
        onContent: ([UInt8]) throws(ArchiveError) -> Void,
    ) throws(ArchiveError) -> Bool {
        guard let raw = unsafe nest_archive_read_new() else { preconditionFailure("memory for a reader of archives") }
        defer { unsafe nest_archive_read_free(raw) }
        unsafe nest_archive_read_support_format_raw(raw)
        unsafe nest_archive_read_support_filter_gzip(raw)
        unsafe nest_archive_read_support_filter_zstd(raw)
        let client = unsafe Unmanaged.passUnretained(self).toOpaque()
        let opened = unsafe nest_archive_read_open(
            raw,
            client,
            nil,
            { _, client, bytes in
                guard let client = unsafe client, let bytes = unsafe bytes else { return -1 }
                let source = unsafe Unmanaged<DecompressionSource>.fromOpaque(client).takeUnretainedValue()
                return unsafe source.next(bytes)
            },
            nil
        )
        var found: OpaquePointer?
        var isWhole = unsafe opened == ARCHIVE_OK && nest_archive_read_next_header(raw, &found) == ARCHIVE_OK
        try hand(to: onRead)
        var bytes = [UInt8](repeating: 0, count: Self.capacity)
        while isWhole {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe nest_archive_read_data(raw, $0.baseAddress, $0.count)
            }
            try hand(to: onRead)
            guard count > 0 else {
                isWhole = count == 0
                break
            }
            try onContent(Array(bytes.prefix(count)))
        }
        return withExtendedLifetime(self) { isWhole && !hasFailed }
    }

    private func hand(to onRead: ([UInt8]) throws(ArchiveError) -> Void) throws(ArchiveError) {
        for bytes in handed { try onRead(bytes) }
        handed = []
    }
}
