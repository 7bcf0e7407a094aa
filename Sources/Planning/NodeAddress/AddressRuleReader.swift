import Base
import YAML

extension ValueReader where Value == AddressRule {
    private enum Keys {
        static let interfaces = Key.optional(
            "interfaces",
            .list(of: .interface, "interfaces"),
            default: "every interface",
            "the interfaces that may have the address, the preferred first; `*` in a name matches any text"
        )
        static let skip = Key.optional(
            "skip",
            .list(of: .interface, "interfaces"),
            default: "with `interfaces` none, else \(defaultSkipNames)",
            "the interfaces that are left out"
        )
        static let range = Key.optional("range", .addressRange, default: "any", "where the address must be")
        static let family = Key.optional(
            "family",
            ValueReader<String>.word(AddressRule.Family.allCases.map(\.rawValue)),
            default: "that of `range`, else `ipv4`",
            "the version of the address"
        )
    }

    /// A rule by which a node's address is chosen.
    static var addressRule: Self {
        let keys = [
            Keys.interfaces.description, Keys.skip.description, Keys.range.description, Keys.family.description,
        ]
        return Self(type: .mapping(keys)) { value in
            guard var fields = value.mapping("a mapping such as {interfaces: [eth0]}") else { return nil }
            let rule = AddressRule(
                interfaces: fields.value(Keys.interfaces) ?? [],
                skip: fields.value(Keys.skip),
                range: fields.value(Keys.range),
                family: fields.value(Keys.family).flatMap { AddressRule.Family(rawValue: $0) },
                location: value.location,
            )
            fields.finish()
            if let range = rule.range, range.first.isVersion6 != (rule.family == .ipv6) {
                value.problems.add(
                    value.location,
                    "\(value.label) has the range \(range), which has no \(rule.family.name) address",
                    hint: "remove family:"
                )
                return nil
            }
            return rule
        }
    }
}

private let defaultSkipNames = list(AddressRule.defaultSkip.map { "`\($0)`" })
