import Host
import Testing
import YAML
@testable import Kubernetes

/// When a Lease is taken, renewed and given up, with a clock that a test moves.
@Suite(.timeLimit(.minutes(5)))
struct LeaseDecisionTests {
    private let start = ContinuousClock.now

    private func lease(
        _ holder: String,
        version: Int,
        duration: Int? = 60,
        times: String = "2026-01-01T00:00:00.000000Z"
    )
        throws -> LeaseState
    {
        let seconds = duration.map { "leaseDurationSeconds: \($0), " } ?? ""
        return LeaseState(
            try node(
                """
                {metadata: {name: l, resourceVersion: '\(version)'},
                 spec: {holderIdentity: '\(holder)', \(seconds)acquireTime: '\(times)', renewTime: '\(times)'}}
                """
            )
        )
    }

    @Test func `a Lease that does not exist is created, and one that nobody holds is taken at once`() throws {
        var observation = LeaseObservation("me", LeaseTiming())
        observation.observe(nil, at: start)
        #expect(observation.step(at: start) == .create)
        observation.observe(try lease("", version: 1), at: start)
        #expect(observation.step(at: start) == .take)
        observation.observe(try lease("me", version: 2), at: start)
        #expect(observation.step(at: start) == .isHeld)
    }

    @Test(arguments: ["1970-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", "x"])
    func `the time that counts is that since the last observed change, whatever clocks say`(times: String) throws {
        var observation = LeaseObservation("me", LeaseTiming())
        observation.observe(try lease("other", version: 1, times: times), at: start)
        #expect(observation.step(at: start) == .wait(.seconds(60)))
        observation.observe(try lease("other", version: 1, times: times), at: start + .seconds(50))
        #expect(observation.step(at: start + .seconds(59)) == .wait(.seconds(1)))
        #expect(observation.step(at: start + .seconds(60)) == .take)
        observation.observe(try lease("other", version: 2, times: times), at: start + .seconds(59))
        #expect(observation.step(at: start + .seconds(60)) == .wait(.seconds(59)))
    }

    @Test func `a Lease is valid as long as it says, but never less than a minute`() throws {
        for (duration, expected) in [(90, 90), (15, 60), (nil, 60), (0, 60), (-1, 60)] as [(Int?, Int)] {
            var observation = LeaseObservation("me", LeaseTiming())
            observation.observe(try lease("other", version: 1, duration: duration), at: start)
            #expect(observation.step(at: start) == .wait(.seconds(expected)))
        }
    }

    @Test func `a Lease that is deleted and created again is another one`() throws {
        var observation = LeaseObservation("me", LeaseTiming())
        observation.observe(try lease("other", version: 1), at: start)
        observation.observe(nil, at: start + .seconds(30))
        observation.observe(try lease("other", version: 9), at: start + .seconds(40))
        #expect(observation.step(at: start + .seconds(60)) == .wait(.seconds(40)))
    }

    @Test func `the holder of a Lease that is deleted has the time to notice it`() throws {
        var observation = LeaseObservation("me", LeaseTiming())
        #expect(observation.step(at: start) == .create)
        observation.observe(try lease("other", version: 1), at: start)
        for second in [10, 59] {
            observation.observe(nil, at: start + .seconds(second))
            #expect(observation.step(at: start + .seconds(second)) == .wait(.seconds(60 - second)))
        }
        #expect(observation.step(at: start + .seconds(60)) == .create)
        // Nobody held it.
        observation.observe(try lease("", version: 9), at: start + .seconds(61))
        observation.observe(nil, at: start + .seconds(62))
        #expect(observation.step(at: start + .seconds(62)) == .create)
    }

    @Test func `the more often the Lease passes to others, the longer is the delay before a free one is read`() throws {
        var observation = LeaseObservation("me", LeaseTiming())
        observation.observe(try lease("n0", version: 1), at: start)
        #expect(observation.delayLimit == .milliseconds(500))
        for number in 1...9 {
            observation.observe(try lease("n\(number - 1)", version: 10 * number), at: start)
            observation.observe(number % 2 == 0 ? nil : try lease("", version: 10 * number + 1), at: start)
            #expect(observation.isFree)
            observation.observe(try lease("n\(number)", version: 10 * number + 2), at: start)
            #expect(observation.delayLimit == [1, 2, 4, 8, 8, 8, 8, 8, 8].map { Duration.seconds($0) }[number - 1])
            #expect(!observation.isFree)
        }
        observation.observe(try lease("me", version: 200), at: start)
        #expect(observation.delayLimit == .seconds(8))
    }

    @Test func `a holder renews in time, and stops before others may begin`() {
        let timing = LeaseTiming()
        var renewal = LeaseRenewal(timing, takenAt: start)
        #expect(renewal.step(at: start) == .wait(.seconds(10)))
        #expect(renewal.step(at: start + .seconds(10)) == .renew(until: start + .seconds(15)))
        renewal.noteFailure(at: start + .seconds(15))
        #expect(renewal.step(at: start + .seconds(15)) == .wait(.seconds(1)))
        #expect(renewal.step(at: start + .seconds(27)) == .renew(until: start + .seconds(30)))
        #expect(renewal.step(at: start + .seconds(30)) == .stop)
        // The request began before: what others have observed is later.
        renewal.noteSuccess(of: start + .seconds(27))
        #expect(renewal.step(at: start + .seconds(56)) == .renew(until: start + .seconds(57)))
        #expect(renewal.step(at: start + .seconds(57)) == .stop)
        // The time that a program has to end, with a margin.
        #expect(timing.renewDeadline + Command.grace + Command.killLimit <= timing.duration - .seconds(20))
    }

    @Test func `a machine that was suspended for longer stops at once`() {
        let renewal = LeaseRenewal(LeaseTiming(), takenAt: start)
        #expect(renewal.step(at: start + .seconds(3600)) == .stop)
    }

    @Test func `changes keep what others have written`() throws {
        let object = try node(
            "{metadata: {name: l, resourceVersion: '7', labels: {a: b}}, spec: {holderIdentity: x, strategy: s, leaseTransitions: 4}}"
        )
        let taken = LeaseState(object).changed(.take("me", LeaseTiming()), at: 1_767_225_600_250)
        #expect(taken["metadata"] == object["metadata"])
        let spec = try node(
            """
            {holderIdentity: me, strategy: s, leaseTransitions: 5, leaseDurationSeconds: 60,
             acquireTime: "2026-01-01T00:00:00.250000Z", renewTime: "2026-01-01T00:00:00.250000Z"}
            """
        )
        #expect(taken["spec"] == spec)
        let renewed = LeaseState(taken).changed(.renew, at: 1_767_225_601_000)
        #expect(renewed["spec"]?["acquireTime"]?.string == "2026-01-01T00:00:00.250000Z")
        #expect(renewed["spec"]?["renewTime"]?.string == "2026-01-01T00:00:01.000000Z")
        #expect(LeaseState(LeaseState(renewed).changed(.release)).holder == "")
    }
}
