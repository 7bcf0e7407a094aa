import Base
import Certificates
import Glibc
import Host
import Reporting
import YAML

/// The transfer of certificates from the operator's machine to the nodes, over ssh.
extension CertificateMaintenance {
    /// The time for one node, including the time to type a password.
    private static let pushLimit = Duration.seconds(300)

    /// The time without an answer after which a notice is printed.
    private static let noticeDelay = Duration.seconds(10)

    /// The maximum size of a node's answer in bytes.
    private static let answerLimit = 1 << 20

    /// Sends each node its files, one node after the other, and continues if a node fails.
    ///
    /// - Returns: ``ExitCode/success`` if every node has its files.
    func push(_ set: CertificateSet, _ nodes: [String]) async throws(Problem) -> ExitCode {
        let lock = try await lock(set)
        let files = nodes.map { node in
            (node, Result { () throws(Problem) in try NodeCertificates(of: node, in: set) })
        }
        lock.release()
        var pushed: [PushedNode] = []
        for (node, files) in files {
            var result = PushedNode(node: node)
            do throws(Problem) {
                let files = try files.get()
                result.installation = try await withNotice(about: node) { await self.result(of: files) }.get()
            } catch {
                result.problem = error
            }
            pushed.append(result)
            if !options.output.isForPrograms { show(result) }
            if Task.isCancelled { break }
        }
        let rest = nodes.dropFirst(pushed.count).map { node in
            var result = PushedNode(node: node)
            result.problem = Problem("not tried: the push was interrupted")
            return result
        }
        pushed += rest
        let failedCount = pushed.count { $0.problem != nil }
        if options.output.isForPrograms {
            output.writeObjects(pushJSON(pushed, isDryRun: command.isDryRun), as: options.output)
        } else if failedCount > 0 {
            let message =
                "\(failedCount) of \(nodes.count) nodes \(failedCount == 1 ? "has" : "have") not confirmed the files"
            let hint = command.isDryRun ? nil : "run the command again; nodes that have their files are not changed"
            output.report(Problem(message, hint: hint))
        }
        return failedCount == 0 ? .success : .failure
    }

    /// Prints a notice if an operation on a node takes long, but not after its end.
    private func withNotice<Value: Sendable>(
        about node: String,
        _ operation: @escaping @Sendable () async -> Value,
    ) async -> Value {
        guard !options.output.isForPrograms else { return await operation() }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                guard (try? await ContinuousClock().sleep(for: Self.noticeDelay)) != nil else { return }
                output.write("\(node): waiting for its answer, at most \(Self.pushLimit.humanReadable)\n")
            }
            let value = await operation()
            group.cancelAll()
            return value
        }
    }

    private func result(of files: NodeCertificates) async -> Result<NodeCertificates.Installation, Problem> {
        do throws(Problem) {
            return .success(try await send(files))
        } catch {
            return .failure(error)
        }
    }

    private func send(_ files: NodeCertificates) async throws(Problem) -> NodeCertificates.Installation {
        let words = command.sshWords
        let remote = ["nest-bootstrap", ReceiveCertificatesCommand.name] + (command.isDryRun ? ["--dry-run"] : [])
        let result: FilterResult
        do throws(SystemError) {
            result = try await filter(
                Host.Command(
                    words[0],
                    words.dropFirst() + [files.node, shellLine(remote)],
                    environment: options.environment
                ),
                input: SecretBytes(copying: files.json),
                outputLimit: Self.answerLimit,
                errorsLimit: Self.answerLimit,
                deadline: .now + Self.pushLimit,
            )
        } catch {
            let isMissing = error.code == ENOENT && words[0] == "ssh"
            throw Problem(
                "\(error)",
                hint: isMissing ? "install the package 'openssh-client'" : error.advice
            )
        }
        let lines = result.errors.split(whereSeparator: \.isNewline).map(String.init)
        guard result.status.isSuccess else {
            throw refusal(of: files.node, result.status, lines)
        }
        // A login script may print lines before and after the answer.
        let answers = result.output.copy.split(separator: UInt8(ascii: "\n")).lazy
            .compactMap { try? readJSON(Array($0), file: "answer") }
        guard let answer = answers.last(where: { $0["changed"] != nil }),
            let changed = answer["changed"]?.sequence?.compactMap(\.string),
            let removed = answer["removed"]?.sequence?.compactMap(\.string),
            let unchangedCount = answer["unchanged"]?.integer
        else {
            throw Problem(
                "the output is not the answer of 'nest-bootstrap \(ReceiveCertificatesCommand.name)'",
                hint: "look at what \(quotedShellLine(words + [files.node, "true"])) prints"
            )
        }
        var installation = NodeCertificates.Installation()
        (installation.changed, installation.removed) = (changed, removed)
        installation.unchangedCount = unchangedCount
        return installation
    }

    /// Creates the problem of a node that has not confirmed its files.
    private func refusal(of node: String, _ status: ExitStatus, _ lines: [String]) -> Problem {
        let call = quotedShellLine(command.sshWords + [node])
        let own = "nest-bootstrap: "
        let said =
            lines.last { $0.hasPrefix(own) }.map { String($0.dropFirst(own.count)) }
            ?? (status == .timedOut ? nil : lines.last) ?? "\(command.sshWords[0]) \(status)"
        // 255 is the exit code of ssh itself, and 127 that of the shell for a command that does not exist.
        switch status {
        case .exited(255): return Problem(said, hint: "try \(call)")
        case .exited(127):
            return Problem(
                said,
                hint: "install nest-bootstrap on the node, in the PATH of \(call)"
            )
        case .exited, .signalled, .timedOut, .cancelled: return Problem(said)
        }
    }

    private func show(_ pushed: PushedNode) {
        if let problem = pushed.problem {
            output.report(
                Problem("\(pushed.node): \(problem.message)", hint: problem.hint, cause: problem.cause)
            )
            return
        }
        let would = command.isDryRun ? "would be " : ""
        var parts: [String] = []
        if !pushed.installation.changed.isEmpty { parts.append("\(pushed.installation.changed.count) \(would)changed") }
        if !pushed.installation.removed.isEmpty { parts.append("\(pushed.installation.removed.count) \(would)removed") }
        parts.append("\(pushed.installation.unchangedCount) unchanged")
        output.write("\(pushed.node): \(parts.joined(separator: ", "))\n")
    }
}
