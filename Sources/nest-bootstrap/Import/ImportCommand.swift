import Base
import Host
import Planning
import Reporting
import YAML

/// Command `import`: the inventory of another tool as a drop-in of the task file.
struct ImportCommand {
    let source: ImportSource
    let output: ConsoleOutput

    /// Prints the drop-in, or everything that is wrong with the inventory.
    func run() async -> ExitCode {
        do throws(Problems) {
            let cluster: ImportedCluster
            switch source.format {
            case .nico:
                let (value, refused) = try await nicoValue(try file(source.path))
                cluster = try readNico(value, refused: refused)
            case .plans: cluster = try plans()
            }
            let call = "nest-bootstrap import \(source.format.rawValue) \(printable(source.path))"
            output.writeData(try cluster.dropIn(madeBy: call, from: source.path))
            return .success
        } catch {
            output.report(error)
            return error.all.contains { $0.location == nil } ? .failure : .configuration
        }
    }

    /// Reads one file.
    private func file(_ path: String) throws(Problems) -> SourceFile {
        do throws(SystemError) {
            return SourceFile(path: path, bytes: try FileSystem.read(path, limit: SizeLimit.configuration))
        } catch {
            let message = "cannot read the inventory: \(error.reason)"
            throw Problems([Problem(message, at: SourceLocation(file: path), hint: error.advice)])
        }
    }

    // MARK: nico

    /// The value of a file in JSON or in Nix's language, and what in it is no data.
    private func nicoValue(_ file: SourceFile) async throws(Problems) -> (node: Node, problems: [Problem]) {
        guard file.path.hasSuffix(".json") || file.looksLikeJSON else {
            try checkText(of: file)
            return try await NixEvaluation(file: file, environment: Machine.environment()).value()
        }
        let documents = try readDocuments(file.bytes, file: file.path, limits: .taskFile)
        let location = SourceLocation(file: file.path)
        guard documents.count <= 1, let root = documents.first?.root else {
            let message = documents.first?.root == nil ? "the file is empty" : "the file has more than one JSON value"
            throw Problems([
                Problem(message, at: location, hint: "write one value with name, vip, controlPlane and workers")
            ])
        }
        return (root, [])
    }

    // MARK: plans

    private func plans() throws(Problems) -> ImportedCluster {
        var problems: [Problem] = []
        let directory = source.path.hasSuffix("/") ? source.path : source.path + "/"
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
