internal import Glibc

/// Bytes that are wiped from memory when they are released.
///
/// The bytes are immutable, so threads can share them.
@safe
public final class SecretBytes: Sendable {
    private nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer

    public let count: Int

    /// Creates bytes with a function that writes them into memory and returns their number.
    public init<Failure: Error>(
        capacity: Int,
        _ fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int,
    ) throws(Failure) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
        do throws(Failure) {
            count = try unsafe fill(memory)
        } catch {
            unsafe Self.release(memory)
            throw error
        }
        unsafe self.memory = memory
    }

    deinit {
        unsafe Self.release(memory)
    }

    private static func release(_ memory: UnsafeMutableRawBufferPointer) {
        // Unlike `memset`, `explicit_bzero` is not optimised away.
        if let start = memory.baseAddress { unsafe explicit_bzero(start, memory.count) }
        unsafe memory.deallocate()
    }

    /// Calls a function with access to the bytes.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]))
    }
}

extension SecretBytes {
    /// Copies bytes; the original is not wiped.
    public convenience init(copying bytes: [UInt8]) {
        unsafe self.init(capacity: bytes.count) { memory in
            unsafe memory.copyBytes(from: bytes)
            return bytes.count
        }
    }

    /// Concatenates copies of the parts.
    public convenience init(joining parts: [SecretBytes]) {
        unsafe self.init(capacity: parts.reduce(0) { $0 + $1.count }) { memory in
            var end = 0
            for part in parts {
                unsafe part.withBytes {
                    unsafe UnsafeMutableRawBufferPointer(rebasing: memory[end...]).copyMemory(from: $0)
                }
                end += part.count
            }
            return end
        }
    }

    /// A copy of the bytes, which is not wiped.
    public var copy: [UInt8] { unsafe withBytes { unsafe Array($0) } }
}
