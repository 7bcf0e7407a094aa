import Base
import HTTP
import Host
import Planning
import Reporting

struct ImportCommand: Command {
    static let name = "import"

    static let help = CommandHelp(
        summary: "print the nodes of another tool's inventory as a drop-in",
        description:
            "Reads the inventory of another tool and prints it as a drop-in of the task file: the cluster's name "
            + "and virtual IP address, and the nodes with their roles, addresses and variables.",
        usage: ["nest-bootstrap import nico FILE", "nest-bootstrap import plans DIR"],
        details: [
            "'nico' reads the cluster.nix of the NICO operator as JSON, which "
                + "'nix-instantiate --eval --strict --json cluster.nix' prints. 'plans' reads hosts.csv, k3s.csv and "
                + "network.yaml in DIR. With a mistake, nothing is printed on standard output."
        ],
        exitCodes: [
            Row("0", "printed"), Row("1", "output was lost"), Row("64", "wrong usage"),
            Row("78", "the inventory is wrong, or cannot be read"),
        ],
        examples: [
            "import nico cluster.json > bootstrap.d/10-nodes.yaml",
            "import nico cluster.json | diff bootstrap.d/10-nodes.yaml -",
            "import plans ./plans > bootstrap.d/10-nodes.yaml",
        ],
    )

    static let flags: [Flag<Self>] = []

    enum Format: String, Sendable, CaseIterable {
        /// The `cluster.nix` of the NICO operator as JSON.
        case nico
        /// A directory with `hosts.csv`, `k3s.csv` and `network.yaml`.
        case plans
    }

    var format = Format.nico
    var path = ""

    mutating func setArguments(_ names: [String], _ options: Options) throws(UsageError) {
        if let name = names.first, Format(rawValue: name) == nil {
            throw .unknown("format", name, among: Format.allCases.map(\.rawValue))
        }
        guard names.count == 2, let format = Format(rawValue: names[0]), !names[1].isEmpty else {
            throw UsageError("'import' takes 'nico FILE' or 'plans DIR'")
        }
        (self.format, path) = (format, names[1])
    }

    static func completion(_ completer: Completer) -> Completion {
        completer.isFirstName ? completer.first(of: Format.allCases) : .file
    }

    func run(_ options: Options, in program: Program) async -> ExitCode {
        do throws(Problems) {
            var cluster: ImportedCluster
            switch format {
            case .nico: cluster = try readNico(file(path))
            case .plans: cluster = try plans()
            }
            cluster.setPassword(digest: sha256)
            let text = cluster.dropIn(madeBy: ["nest-bootstrap", "import", format.rawValue, path])
            program.output.report(warnings: cluster.warnings)
            program.output.write(text)
            return .success
        } catch {
            program.output.report(error)
            return .configuration
        }
    }

    private func file(_ path: String) throws(Problems) -> SourceFile {
        do throws(SystemError) {
            return SourceFile(path: path, bytes: try readFile(path, limit: SizeLimit.configuration))
        } catch {
            let message = "cannot read the inventory: \(error.reason)"
            throw Problems([Problem(message, at: SourceLocation(file: path), hint: error.advice)])
        }
    }

    /// Reads the three files; throws the problems of all of them together.
    private func plans() throws(Problems) -> ImportedCluster {
        var problems: [Problem] = []
        let directory = path.endsWithSlash ? path : path + "/"
        let files = ["hosts.csv", "k3s.csv", "network.yaml"].map { name in
            do throws(Problems) {
                return try file(directory + name) as SourceFile?
            } catch {
                problems += error.all
                return nil
            }
        }
        return try readPlans(hosts: files[0], k3s: files[1], network: files[2], unreadable: problems)
    }
}
