import Base
import Testing

struct OrderedVersionTests {
    /// Versions of one form, from the oldest to the newest.
    private static let ascending = [
        [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
            "1.0.0-rc.1", "1.0.0",
        ],
        ["3.9", "v3.10", "3.18", "3.22", "3.22.0.1", "4.0", "9999999999999999999.1", "10000000000000000000.0"],
        ["2026-11-24", "2026-11-24T10:00:00Z", "2026-11-24T10:00:01+00:00", "2026-11-25"],
        ["0", "9", "10", "1764136509", "9999999999999999999", "10000000000000000000"],
    ]

    @Test(arguments: ascending) func `versions of one form have an order`(_ texts: [String]) throws {
        let versions = try texts.map { try #require(OrderedVersion($0), "\($0)") }
        for (index, version) in versions.enumerated() {
            for (other, otherVersion) in versions.enumerated() {
                let expected: OrderedVersion.Order = index < other ? .older : index > other ? .newer : .equal
                #expect(version.order(comparedWith: otherVersion) == expected, "\(version) and \(otherVersion)")
            }
        }
    }

    @Test(
        arguments: [
            ("3.22", "3.22.0"), ("v1.30.2", "1.30.2"), ("1.30.2+k3s1", "1.30.2+k3s2"), ("1.02", "1.2"), ("007", "7"),
            ("2026-11-24", "2026-11-24T00:00:00Z"), ("2026-11-24T01:00:00+01:00", "2026-11-24T00:00:00Z"),
        ]
    )
    func `two texts of one version are equal`(_ left: String, _ right: String) throws {
        let (left, right) = (try #require(OrderedVersion(left)), try #require(OrderedVersion(right)))
        #expect(left.order(comparedWith: right) == .equal)
    }

    @Test(arguments: [("3.22", "3"), ("2026-11-24", "20261124"), ("2026.11.24", "2026-11-24")])
    func `versions of two forms cannot be compared`(_ left: String, _ right: String) throws {
        let (left, right) = (try #require(OrderedVersion(left)), try #require(OrderedVersion(right)))
        #expect(left.order(comparedWith: right) == nil)
    }

    @Test(
        arguments: [
            "", "latest", "v1", "1.", ".1", "1..2", "1.2-", "1.2+", "1.2-a..b", "1.2 ", "-1", "1.x", "2026-02-30",
            "２.０", String(repeating: "9", count: 101),
        ]
    )
    func `other texts are no versions`(_ text: String) { #expect(OrderedVersion(text) == nil) }
}
