import Base
import Host

/// The files that are installed with the program.
enum Installation {
    /// The path of the program itself, even if the program was called through a link.
    static var program: String { (try? FileSystem.status("/proc/self/exe"))?.target ?? "/usr/bin/nest-bootstrap" }

    /// The path of the JSON Schema of the task file, in the directory of the program or else in that of the package.
    static var schema: String {
        let (end, schema) = ("/bin/nest-bootstrap", "/share/nest-bootstrap/bootstrap.schema.json")
        let own = program.hasSuffix(end) ? program.dropLast(end.count) + schema : ""
        return (try? FileSystem.exists(own)) == true ? own : "/usr" + schema
    }
}
