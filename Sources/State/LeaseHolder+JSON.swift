import Base
public import Execution
public import YAML

extension LeaseHolder {
    /// The holder as the fields of a JSON object, in records and in output.
    public var fields: [(String, Node)] {
        var fields: [(String, Node)] = [
            ("lease", .string(lease)), ("holder", .string(identity)), ("held", .boolean(isSelf)),
        ]
        if let since { fields.append(("since", .string(since.description))) }
        return fields
    }

    /// Reads a holder, `nil` if it is incomplete.
    init?(_ node: Node) {
        guard let lease = node["lease"]?.string, let identity = node["holder"]?.string else { return nil }
        self.init(
            lease: lease,
            identity: identity,
            since: node["since"]?.string.flatMap { Timestamp(rfc3339: $0) },
            isSelf: node["held"]?.boolean ?? false,
        )
    }
}
