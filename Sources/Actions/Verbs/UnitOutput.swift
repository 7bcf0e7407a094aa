import Base
import Host

/// The output of a unit's processes in the journal.
struct UnitOutput {
    private let unit: String
    private let environment: [String: String]

    /// The number of lines in which the reason of a failure is looked for.
    private static let lineCount = 40

    /// The number of bytes of output above which `journalctl` is ended.
    private static let outputLimit = 1 << 20

    /// The time after which no line that mentions an error is expected any more.
    private static let delay = Duration.seconds(2)

    /// The time limit for `journalctl`.
    private static let limit = Duration.seconds(5)

    /// The longest line that is shown whole.
    private static let lengthLimit = 400

    init(of unit: String, environment: [String: String]) {
        (self.unit, self.environment) = (unit, environment)
    }

    /// Returns the line that most probably has the reason of a failure.
    ///
    /// - Parameter start: The time at which the unit was asked to start; older lines are left out.
    /// - Returns: The last line that mentions an error, else the last line; `nil` without a line, or if the journal cannot
    ///   be read.
    func reason(since start: Timestamp) async -> String? {
        // The journal may receive the last lines a little later than systemd the end of the process.
        let end = ContinuousClock.now + Self.delay
        var lines: [String] = []
        repeat {
            lines = await self.lines(since: start)
            if lines.contains(where: Self.mentionsError) { break }
            try? await Task.sleep(for: .milliseconds(100))
        } while .now < end
        guard let reason = lines.last(where: Self.mentionsError) ?? lines.last else { return nil }
        return reason.count > Self.lengthLimit ? "…\(reason.suffix(Self.lengthLimit))" : reason
    }

    private func lines(since start: Timestamp) async -> [String] {
        // Not `--boot`: a unit in a container of systemd-nspawn sees the boot of the host.
        let arguments = [
            "--quiet", "--no-pager", "--output=cat", "--lines=\(Self.lineCount)",
            "--since=@\(start.seconds)", "_SYSTEMD_UNIT=\(unit)",
        ]
        let result = try? await filter(
            Command("journalctl", arguments, environment: environment),
            input: SecretBytes(copying: []),
            outputLimit: Self.outputLimit,
            deadline: .now + Self.limit
        )
        guard let result, result.status.isSuccess else { return [] }
        return String(decoding: result.output.copy, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { line in line.contains { !$0.isWhitespace } }
    }

    private static func mentionsError(_ line: String) -> Bool {
        let line = line.lowercased()
        return ["error", "fail", "fatal", "cannot", "invalid", "denied", "refused", "no such", "unknown", "panic"]
            .contains { line.contains($0) }
    }
}
