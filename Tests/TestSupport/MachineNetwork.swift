import Glibc

/// A bridge in a network namespace of its own, which machines are connected to.
///
/// A machine that has lost its power is gone from it, with its addresses.
public struct MachineNetwork: Sendable {
    /// The network namespace.
    public let path: String

    /// Lends a network without machines, and ends it afterwards.
    ///
    /// - Parameter body: What is done with it.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws, or ``ToolFailure`` if it cannot be made.
    public static func withFresh<Value>(_ body: (MachineNetwork) async throws -> Value) async throws -> Value {
        let result = try await Tool.run("\(TestMachine.scripts)/network", ["\(getpid())"])
        let path = result.outputLines.first ?? ""
        guard result.status == 0, let identifier = Int32(path.split(separator: "/").dropFirst().first ?? "") else {
            throw ToolFailure(command: "network", result: result)
        }
        defer { _ = kill(identifier, SIGTERM) }
        return try await body(MachineNetwork(path: path))
    }
}
