import Glibc

/// The target of this process, whose name is the environment variable `NEST_FUZZ_TARGET`.
private let target: @Sendable ([UInt8]) -> Void = {
    let name = unsafe getenv("NEST_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
    guard let target = targets[name] else {
        print("set NEST_FUZZ_TARGET to one of: \(targets.keys.sorted().joined(separator: " "))")
        exit(64)
    }
    return target
}()

/// What libFuzzer calls with every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    target(unsafe Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}
