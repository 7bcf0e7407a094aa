public import Base
import Host
import Kubernetes
public import Planning

/// The tasks of a node, read again once the node's address is known.
///
/// The address is chosen when a task that depends on it starts, because an earlier task may have waited for a network.
/// Once an address has been chosen, all tasks of the run use it.
public final class AddressedTasks: Sendable {
    private let rule: AddressRule
    private let read: @Sendable (NodeAddress) throws(Problems) -> Declarations

    private let known = Locked<Declarations?>(nil)

    /// Prepares the tasks before the address is known; `read` reads the task files with the given address.
    public init(rule: AddressRule, read: @escaping @Sendable (NodeAddress) throws(Problems) -> Declarations) {
        self.rule = rule
        self.read = read
    }

    /// Returns the declarations with the node's address.
    ///
    /// A real run waits for an address that the task's declaration uses; an address only for manifests may be missing.
    ///
    /// - Throws: An error if a needed address is missing, addresses cannot be listed, or a task file is invalid.
    func declarations(for context: ActionContext) async throws -> Declarations {
        if let known = known.withLock({ $0 }) { return known }
        let isNeeded = context.task.addressUse == .declaration
        let address: IPAddress
        if isNeeded, !context.run.files.isDryRun {
            address = try await awaitAddress(context)
        } else {
            let choice = rule.choose(among: try NetworkInterface.all())
            if let chosen = choice.address {
                address = chosen
            } else if isNeeded {
                let message = "no address of this node matches: \(choice.summary)"
                throw Problem(message, hint: NodeAddress.advice(rule))
            } else {
                // Most manifests do not use the address; each manifest that uses the missing address is reported.
                return try read(.missing(choice.summary))
            }
        }
        let declarations = try read(.known(address))
        return known.withLock { known in
            let first = known ?? declarations
            known = first
            return first
        }
    }

    private func awaitAddress(_ context: ActionContext) async throws -> IPAddress {
        let subject = "an address of this node"
        do throws(NotYet) {
            return try await context.retryPolicy.retry(.init(.condition, subject)) { () async throws(NotYet) in
                let interfaces: [NetworkInterface]
                do {
                    interfaces = try NetworkInterface.all()
                } catch {
                    throw NotYet(words: "\(error)")
                }
                let choice = rule.choose(among: interfaces)
                guard let address = choice.address else { throw NotYet(words: "none matches: \(choice.summary)") }
                return address
            }
        } catch {
            let hint = "\(NodeAddress.advice(rule)), or increase 'timeout' of task '\(context.task.name)'"
            throw context.timedOut(waitingFor: subject, error.words, hint: hint)
        }
    }
}
