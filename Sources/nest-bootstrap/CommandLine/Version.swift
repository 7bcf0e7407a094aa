import HTTP
import Host
import TLS
import YAML

let programVersion = "0.1.0"

/// The output of `--version`: the version and commit of the build, then the versions of the loaded libraries and of the
/// compiler.
let versionText: String = {
    let commit = Machine.builtCommit.map { " (\($0))" } ?? ""
    let libraries = [
        "libcurl \(libcurlVersion)", "OpenSSL \(LibCrypto.version)",
        "libyaml \(libyamlVersion)",
    ]
    return "nest-bootstrap \(programVersion)\(commit)\n\(libraries.joined(separator: ", ")); Swift \(swiftVersion)\n"
}()

/// The version of the compiler, found by conditional compilation, which can only compare it with lower bounds.
private let swiftVersion: String = {
    #if compiler(>=6.5)
        "6.5 or later"
    #elseif compiler(>=6.4)
        "6.4"
    #elseif compiler(>=6.3)
        "6.3"
    #else
        "6.2"
    #endif
}()
