import Base
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

    @Test(arguments: [
        ("512m", "write '512Mi' or '512M'"), ("1G", nil), ("5u", "write for example '1Gi'"), ("512", nil),
    ])
    func `memory in fractions of a byte is warned of`(amount: String, hint: String?) throws {
        let text = """
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec:
              containers: [{name: a, image: b, resources: {limits: {cpu: 500m, memory: \(amount)}}}]
            """
        let manifest = try #require(try manifests(text).first)
        #expect(Quantities.warnings(manifest).map(\.hint) == [hint].filter { $0 != nil })
    }

    @Test(arguments: [
        ("2", "1", true), ("1Gi", "512Mi", true), ("1001m", "1", true), ("1e3", "1", true), ("1Mi", "1M", true),
        ("1", "1000m", false), ("0.1", "100m", false), ("1100m", "1.1", false), ("500m", "1", false),
        ("1k", "1e3", false),
        ("x", "1", false),
    ])
    func `a request above its limit is reported`(request: String, limit: String, isAbove: Bool) throws {
        let text = """
            apiVersion: v1
            kind: Pod
            metadata: {name: p}
            spec:
              containers: [{name: a, image: b, resources: {requests: {cpu: \(request)}, limits: {cpu: \(limit)}}}]
            """
        let pod = try #require(try manifests(text).first)
        let problems = Quantities.problems(pod).filter { $0.message.contains("more than the limit") }
        #expect(problems.isEmpty != isAbove, "\(problems)")
    }
}
