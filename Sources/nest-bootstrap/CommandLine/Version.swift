import HTTP
import Host
import TLS
import YAML

let programVersion = "0.1.0"

/// The output of `--version`: the version and commit of the build, then the versions of the loaded libraries.
let versionText: String = {
    let commit = Machine.builtCommit.map { " (\($0))" } ?? ""
    let libraries = [
        "libcurl \(libcurlVersion)", "OpenSSL \(LibCrypto.version)",
        "libyaml \(libyamlVersion)",
    ]
    return "nest-bootstrap \(programVersion)\(commit)\n\(libraries.joined(separator: ", "))\n"
}()
