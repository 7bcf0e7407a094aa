import Base

/// Finds loops of symbolic links on one node.
///
/// The kernel cannot follow the links of a loop.
struct LinkLoops {
    private struct Link {
        var task: String
        var path: LocatedPath
        var target: String
    }

    /// The number of links that the kernel follows in one path.
    private static let limit = 40

    private let links: [Link]
    /// The positions of the links, by their paths.
    private let positions: [ExactText: Int]

    /// Collects the links that the tasks of a plan create.
    init(_ plan: Plan) {
        links = plan.steps.map(\.task).flatMap { task in
            task.footprint.writes.compactMap { write in
                guard case .link(let target, _)? = write.product else { return nil }
                return Link(task: task.name, path: write.path, target: target)
            }
        }
        let numbered = links.enumerated().map { (ExactText(located($1.path.path)), $0) }
        positions = Dictionary(numbered) { first, _ in first }
    }

    /// Reports every loop of several links, at the last link in the order of the plan.
    func check(_ problems: ProblemCollector) {
        for (index, link) in links.enumerated() {
            var (next, rest) = (index, "")
            var passed: Set<Int> = []
            for _ in 0..<Self.limit {
                guard let step = follow(links[next], rest) else { break }
                (next, rest) = step
                guard next != index else { break }
                passed.insert(next)
            }
            guard next == index, let other = passed.max(), other < index else { continue }
            problems.add(
                link.path.location,
                "task '\(link.task)' links '\(link.path.path)' to '\(link.target)', which leads back to it through the link of "
                    + "task '\(links[other].task)' at \(links[other].path.location)",
                hint: "change the target of one of the links"
            )
        }
    }

    /// Finds the first link along the path that consists of the target of `link` followed by `rest`.
    ///
    /// - Returns: The position of the found link and the rest of the path, or `nil` if the path contains no link.
    private func follow(_ link: Link, _ rest: String) -> (Int, String)? {
        let path = located(resolvedTarget(of: link.path.path, link.target) + rest)
        var end = path.startIndex
        while end < path.endIndex {
            let after = path.utf8.index(after: end)
            end = path.utf8[after...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
            if let position = positions[ExactText(String(path[..<end]))] { return (position, String(path[end...])) }
        }
        return nil
    }
}

/// Returns the absolute path to which the target of a link refers.
func resolvedTarget(of path: String, _ target: String) -> String {
    located(target.isAbsolutePath ? target : "\(parent(of: located(path)))/\(target)")
}
