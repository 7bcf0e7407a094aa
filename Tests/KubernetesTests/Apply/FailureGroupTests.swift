import Base
import Testing

@testable import Kubernetes

/// How objects that failed for one reason are reported together.
struct FailureGroupTests {
    /// The report of objects that failed at the locations of a file.
    private func report(at positions: [Base.SourceLocation.Position]) -> [String] {
        let failures = positions.enumerated().map { number, position in
            ObjectFailure(
                object: ObjectIdentity(
                    type: GroupVersionKind(apiVersion: "v1", kind: "ConfigMap"),
                    namespace: "n",
                    name: "c\(number)"
                ),
                cause: .other,
                faults: [
                    ObjectFailure.Fault(
                        location: Base.SourceLocation(file: "f.yaml", position: position),
                        message: "held",
                        hint: "wait"
                    )
                ],
            )
        }
        return FailureGroup.groups(of: failures).flatMap(\.problems).map(\.description)
    }

    @Test func `objects of several places are listed by place`() {
        let positions = (1...5).map { Base.SourceLocation.Position(line: $0, column: 3) }
        #expect(report(at: positions) == ["5 ConfigMaps (f.yaml:1:3, 2:3, 3:3 and 2 more): held; wait"])
    }

    @Test func `objects with one place, as in a prune, are listed by name`() {
        let positions = Array(repeating: Base.SourceLocation.Position(line: 3, column: 3), count: 5)
        #expect(report(at: positions) == ["5 ConfigMaps (n/c0, n/c1, n/c2 and 2 more; f.yaml:3:3): held; wait"])
    }
}
