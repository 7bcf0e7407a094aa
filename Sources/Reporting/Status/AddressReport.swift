import Base
public import Planning
import YAML

/// Returns which address a node has and why, for people.
///
/// - Parameters:
///   - choice: The address, and why the others were not chosen.
///   - columns: The width of the terminal, or `nil` for lines of any length.
/// - Returns: The lines: the address, then the others, those with the same reason together.
public func addressLines(_ choice: AddressChoice, columns: Int?) -> [String] {
    let width = columns.map { max(20, $0 - 4) } ?? .max
    let others = choice.reasons.flatMap { "not \(printable($0))".wrapped(to: width) }
    return ["node address: \(printable(choice.chosen?.subject ?? "none"))"] + others.map { "    \($0)" }
}

extension AddressChoice {
    /// The choice as a JSON object, without an address if there is none.
    var node: Node {
        let others = others.map { Node.mapping($0.pairs + [("reason", .string($0.reason))]) }
        return .mapping((chosen?.pairs ?? []) + [("others", .sequence(others))])
    }
}

extension AddressChoice.Candidate {
    fileprivate var pairs: [(String, Node)] {
        (address.map { [("address", .string("\($0)"))] } ?? []) + [("interface", .string(interface))]
    }
}
