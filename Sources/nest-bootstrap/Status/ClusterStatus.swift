import Actions
import Base
import HTTP
import Host
import Kubernetes
import Planning
import Reporting

/// The states that all nodes have reported to the cluster, for `status --all-nodes` on any machine.
struct ClusterStatus {
    let options: Options

    /// The maximum time for reading all nodes from the cluster.
    private static let limit = Duration.seconds(60)

    /// Prints the reports of the nodes.
    ///
    /// - Returns: `success` if all nodes report success, `failure` if a node reports a failed task, `incomplete` if a
    ///   node is in any other state, and `configuration` if the task file is invalid.
    func run(in program: Program) async throws -> ExitCode {
        let (output, outputEnvironment) = (program.output, program.outputEnvironment)
        let inventory = try accepted(try self.inventory())
        let http = HTTPClient()
        let result = await read(http)
        await http.shutDown()
        let nodes = Self.merged(try result.get(), with: inventory)
        if options.output.isForPrograms {
            output.writeObjects(reportedNodesJSON(nodes))
        } else {
            let lines = reportedNodeLines(
                nodes,
                columns: outputEnvironment.columns,
                isColoured: outputEnvironment.isColoured
            )
            output.write(lines.map { $0 + "\n" }.joined())
        }
        if nodes.contains(where: { $0.state == .failed }) { return .failure }
        return !nodes.isEmpty && nodes.allSatisfy { $0.state == .ready } ? .success : .incomplete
    }

    /// Reads the nodes that the task file declares; a missing default task file declares none.
    private func inventory() throws(Problems) -> Inventory {
        if options.config == Options.defaultConfig, Configuration.isAbsent(options) { return Inventory() }
        return try readInventory(try Configuration.sources(options))
    }

    private func read(_ http: HTTPClient) async -> Result<[ClusterNode], Problem> {
        do throws(Problem) {
            // A command that changes nothing may read files that any user can change.
            let files = NodeFiles(root: nil, isDryRun: false, refusesUntrusted: false)
            let path = try kubeconfigPath()
            let connection = try ClusterConnection(kubeconfig: path, files, http)
            let reports = NodeReports(client: connection.client)
            let advice = "name the kubeconfig of an administrator in KUBECONFIG"
            do throws(APIError) {
                return .success(try await reports.nodes(until: .now + Self.limit))
            } catch {
                throw reports.problem(error, forbidden: advice)
            }
        } catch {
            return .failure(error)
        }
    }

    /// Returns the kubeconfig that kubectl uses.
    private func kubeconfigPath() throws(Problem) -> String {
        let variable = options.environment["KUBECONFIG"]?.split(separator: ":").first.map(String.init)
        let path = variable ?? "\(options.environment["HOME"] ?? "")/.kube/config"
        guard (try? FileSystem.exists(Configuration.absolute(path))) != false else {
            let hint = "name the kubeconfig of an administrator in KUBECONFIG"
            throw Problem("kubeconfig '\(path)' does not exist", hint: hint)
        }
        return Configuration.absolute(path)
    }

    /// Returns the nodes in the order of the task file, then other Nodes of the cluster.
    private static func merged(_ nodes: [ClusterNode], with inventory: Inventory) -> [ReportedNode] {
        let byName = Dictionary(nodes.map { ($0.name, $0) }) { first, _ in first }
        let listed = inventory.entries.map { entry in
            let name = entry.name.lowercased()
            return byName[name].map { reported($0, entry.roles) }
                ?? ReportedNode(entry.name, roles: entry.roles, kubelet: nil, state: .missing)
        }
        let names = Set(inventory.entries.map { $0.name.lowercased() })
        let others = nodes.filter { !names.contains($0.name) }
        return listed + others.map { reported($0, inventory.entry(matching: $0.name)?.roles ?? []) }
    }

    private static func reported(_ node: ClusterNode, _ roles: [String]) -> ReportedNode {
        let ready = node.conditions["Ready"]
        var reported = ReportedNode(node.name, roles: roles, kubelet: ready?.status)
        if let condition = node.conditions[BootstrapCondition.type] {
            reported.add(
                status: condition.status,
                reason: condition.reason,
                message: condition.message,
                since: condition.since,
                isCurrent: !isOff(ready, condition) && condition.isFresh(at: .now(), within: ReportedNode.silenceLimit)
            )
        }
        return reported
    }

    /// Returns whether a node seems to be off, because its kubelet is silent and the node has not reported since then.
    ///
    /// The controller manager writes `Unknown` when the kubelet has been silent for about a minute. A node that boots
    /// again reports before its kubelet does.
    private static func isOff(_ ready: NodeCondition?, _ reported: NodeCondition) -> Bool {
        guard let ready, ready.status == "Unknown" else { return false }
        guard let silentSince = ready.since, let writtenAt = reported.writtenAt else { return true }
        return writtenAt.seconds < silentSince.seconds
    }
}
