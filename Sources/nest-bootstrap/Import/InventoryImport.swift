import Base
import Host
import Planning
import Reporting
import TLS
import YAML

/// An error that prevents the import of an inventory.
enum ImportError: Error {
    /// The inventory has errors, or cannot be read.
    case inventory(Problems)
    /// Nix cannot be run, or fails for a reason other than the inventory.
    case tool(Problem)

    /// Reads an inventory or a part of an inventory, and converts the problems to an import error.
    static func checking<Value>(_ read: () throws(Problems) -> Value) throws(ImportError) -> Value {
        do throws(Problems) {
            return try read()
        } catch {
            throw .inventory(error)
        }
    }
}

/// The conversion of the inventory of another tool into a drop-in of the task file.
struct InventoryImport {
    let command: ImportCommand
    let environment: [String: String]
    let output: ConsoleOutput

    /// Prints the drop-in, or all problems of the inventory.
    func run() async -> ExitCode {
        do throws(ImportError) {
            output.writeData(try await dropIn())
            return .success
        } catch {
            switch error {
            case .inventory(let problems):
                output.report(problems)
                return .configuration
            case .tool(let problem):
                output.report(problem)
                return .failure
            }
        }
    }

    private func dropIn() async throws(ImportError) -> String {
        var cluster: ImportedCluster
        switch command.format {
        case .nico:
            let (value, refused) = try await nicoValue()
            cluster = try ImportError.checking { () throws(Problems) in try readNico(value, refused: refused) }
        case .plans: cluster = try ImportError.checking { () throws(Problems) in try plans() }
        }
        cluster.setPassword(digest: sha256)
        let call = ["nest-bootstrap", "import", command.format.rawValue, command.path]
        let text = try ImportError.checking { () throws(Problems) in
            try cluster.dropIn(madeBy: call, from: command.path)
        }
        output.report(warnings: cluster.warnings)
        return text
    }

    private func file(_ path: String) throws(Problems) -> SourceFile {
        do throws(SystemError) {
            return SourceFile(path: path, bytes: try FileSystem.read(path, limit: SizeLimit.configuration))
        } catch {
            let message = "cannot read the inventory: \(error.reason)"
            let hint = error.advice ?? (command.format == .plans && error.isNotFound ? Self.planFiles : nil)
            throw Problems([Problem(message, at: SourceLocation(file: path), hint: hint)])
        }
    }

    // MARK: nico

    /// Reads the JSON or Nix file, and returns its value and problems for the parts that are not data.
    private func nicoValue() async throws(ImportError) -> (node: Node, problems: [Problem]) {
        let file = try ImportError.checking { () throws(Problems) in try self.file(command.path) }
        if file.path.hasSuffix(".json") || file.looksLikeJSON {
            return (try ImportError.checking { () throws(Problems) in try jsonValue(of: file) }, [])
        }
        if [".yaml", ".yml"].contains(where: file.path.lowercased().hasSuffix) {
            let hint = "import the operator's cluster.nix; objects of the cluster have no machine addresses"
            let location = SourceLocation(file: file.path)
            throw .inventory(
                Problems([Problem("an inventory of NICO is not YAML", at: location, hint: hint)])
            )
        }
        try ImportError.checking { () throws(Problems) in try checkText(of: file) }
        return try await NixEvaluation(file: file, environment: environment).value()
    }

    private func jsonValue(of file: SourceFile) throws(Problems) -> Node {
        let documents = try readDocuments(file.bytes, file: file.path, limits: .taskFile)
        let location = SourceLocation(file: file.path)
        guard documents.count <= 1, let root = documents.first?.root else {
            let message = documents.first?.root == nil ? "the file is empty" : "the file has more than one JSON value"
            throw Problems([
                Problem(
                    message,
                    at: location,
                    hint: "write one value with name, vip, controlPlane and workers"
                )
            ])
        }
        return root
    }

    // MARK: plans

    private func plans() throws(Problems) -> ImportedCluster {
        if let fault = directoryFault(command.path) { throw Problems([fault]) }
        var problems: [Problem] = []
        let directory = command.path.endsWithSlash ? command.path : command.path + "/"
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

    private static let planFiles = "name the directory that has hosts.csv, k3s.csv and network.yaml"

    /// Returns the problem of a path that is not a directory.
    private func directoryFault(_ path: String) -> Problem? {
        let location = SourceLocation(file: path)
        guard let status = try? FileSystem.status(path) else {
            guard (try? FileSystem.exists(path)) == false else { return nil }
            return Problem(
                "the directory of the inventory does not exist",
                at: location,
                hint: Self.planFiles
            )
        }
        guard ![.directory, .symbolicLink].contains(status.kind) else { return nil }
        let parent = path.lastSlash.map { String(path[..<$0]) } ?? "."
        return Problem(
            "the inventory is a directory, and this is a file",
            at: location,
            hint: "\(Self.planFiles), such as '\(parent.isEmpty ? "/" : parent)'"
        )
    }
}
