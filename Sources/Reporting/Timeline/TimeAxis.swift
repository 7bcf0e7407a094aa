import Base

/// An axis of time that begins at zero, with marks at round times.
struct TimeAxis {
    /// The last time of the axis.
    let end: Duration

    /// The times of its marks, the first of which is zero.
    let marks: [Duration]

    /// The distances that marks can have.
    private static let steps: [Duration] =
        [1, 2, 5, 10, 20, 50, 100, 200, 500].map { .milliseconds($0) }
        + [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].map { .seconds($0) }
        + [1, 2, 3, 6, 12, 24, 48, 120, 240, 480, 1200, 2400].map { .seconds($0 * 3600) }

    /// Creates an axis.
    ///
    /// - Parameters:
    ///   - end: The last time; an axis has at least a length of a millisecond.
    ///   - count: The largest number of distances between marks.
    init(end: Duration, count: Int) {
        let end = max(end, .milliseconds(1))
        self.end = end
        let shortest = end / Double(max(1, count))
        let step = Self.steps.first { $0 >= shortest } ?? end
        marks = (0...Int(end / step)).map { step * $0 }
    }

    /// The place of a time on the axis, from 0 at its beginning to 1 at its end.
    func place(of time: Duration) -> Double { min(max(time / end, 0), 1) }
}
