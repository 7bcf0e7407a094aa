import Base
import Host

/// The paths of the files that are installed with the program.
struct Installation: Sendable, Hashable {
    /// The path of the program itself, even if the program was called through a link.
    static var program: String { (try? FileSystem.status("/proc/self/exe"))?.target ?? "/usr/bin/nest-bootstrap" }

    /// The directory of the installation, such as `/usr/local`.
    let prefix: String

    /// Derives the paths of the files from the path of the program.
    ///
    /// If the program is not installed with its files, for example because it was just built, the paths of the package
    /// apply.
    init() {
        let end = "/bin/nest-bootstrap"
        let own = Self.program.hasSuffix(end) ? String(Self.program.dropLast(end.count)) : ""
        prefix = (try? FileSystem.exists(Self.schema(below: own))) == true ? own : "/usr"
    }

    /// The JSON Schema of the task file.
    var schema: String { Self.schema(below: prefix) }

    private static func schema(below prefix: String) -> String {
        "\(prefix)/share/nest-bootstrap/bootstrap.schema.json"
    }
}
