import Testing

@testable import Kubernetes

/// Amounts of CPU, memory and storage.
@Suite struct QuantitiesTests {
    @Test(arguments: [
        ("1GiB", "1Gi"), ("1gi", "1Gi"), ("2 GB", "2G"), ("5KB", "5k"), ("1.5mib", "1.5Mi"), ("half", nil),
        ("1 2", nil), ("500 m", "500m"), ("10GB", "10G"),
    ])
    func `a quantity is corrected where the unit is clear`(text: String, correction: String?) {
        #expect(!Quantities.isValid(text))
        #expect(Quantities.suggestion(for: text) == correction)
    }

    @Test(arguments: ["1", "0.5", "500m", "1Gi", "1e3", "2E", ".5", "-1", "1E-2", "12k", "1.", "+1", "5Pi", "10E"])
    func `a quantity is valid`(text: String) {
        #expect(Quantities.isValid(text))
    }

    @Test(arguments: ["", ".", "m", "1e", "1.2.3", "--1", "1Kib", "1 ", "e3", "1e+", "0x1"])
    func `other texts are no quantities`(text: String) {
        #expect(!Quantities.isValid(text))
    }
}
