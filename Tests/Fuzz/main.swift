import CFuzzer
import Glibc

/// The target of this process, whose name is the environment variable `NEST_FUZZ_TARGET`.
private enum Chosen {
    static let target: @Sendable ([UInt8]) -> Void = {
        let name = unsafe getenv("NEST_FUZZ_TARGET").map { unsafe String(cString: $0) } ?? ""
        guard let target = targets[name] else {
            print("set NEST_FUZZ_TARGET to one of: \(targets.keys.sorted().joined(separator: " "))")
            exit(64)
        }
        return target
    }()
}

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = unsafe CommandLine.unsafeArgv
let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    Chosen.target(unsafe Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}
exit(status)
