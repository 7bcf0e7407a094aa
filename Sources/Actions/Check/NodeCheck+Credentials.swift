import Base
import Certificates
import Glibc
import HTTP
import Kubernetes
import Planning

extension NodeCheck {
    /// Returns the problems of a task's dry run, or none if the task lacks something that another task provides.
    func dryRunProblems(_ task: PlannedTask) async -> [Problem] {
        let context = ActionContext(run: dryRun, task: task, deadline: .now + .seconds(10)) { _ in }
        do {
            _ = try await ActionRunner.perform(context)
            return []
        } catch let problem as Problem where context.missingInDryRun(problem) != nil {
            return []
        } catch {
            return Self.problems(error, at: task.subjectLocation)
        }
    }

    /// Converts an error to problems, by default at the given location.
    ///
    /// A single problem loses its cause; a system error replaces its message, and an `age` error is appended to it.
    static func problems(_ error: any Error, at location: SourceLocation) -> [Problem] {
        if let problems = error as? Problems { return problems.all }
        guard let problem = error as? Problem else { return [Problem("\(error)", at: location)] }
        let place = problem.location ?? location
        switch problem.cause {
        case let error as SystemError: return [Problem("\(error)", at: place, hint: problem.hint ?? error.advice)]
        case let error as AgeError: return [Problem("\(problem.message): \(error)", at: place, hint: problem.hint)]
        default: return [Problem(problem.message, at: place, hint: problem.hint)]
        }
    }

    /// Checks a kubeconfig and its files, unless tasks write them.
    ///
    /// If a task writes one of the files that the kubeconfig names, only a token file that no task writes is checked. A
    /// user that the API server will probably not accept causes only a warning.
    func checkKubeconfig(_ reference: LocatedPath) -> Findings {
        var found: [UInt8]?
        let missing = problems(of: reference) { found = try run.files.read($0, limit: SizeLimit.configuration) }
        var findings = Findings(problems: missing)
        guard let bytes = found else { return findings }
        let location = SourceLocation(file: reference.path)
        do {
            let kubeconfig = try Kubeconfig(bytes, path: reference.path)
            // Loading the credentials ignores a token file that cannot be read; each request reads it again.
            if case .file(let path) = kubeconfig.token {
                findings.problems = problems(of: LocatedPath(path, location: location), checkToken)
            }
            guard !kubeconfig.paths.contains(where: { producers.producer(of: $0) != nil }) else {
                return findings
            }
            let credentials = try run.files.credentials(of: kubeconfig)
            if let doubt = credentials.doubt {
                let message = "the API server will probably not accept \(credentials.whoami): \(doubt.message)"
                findings.warnings.append(Problem(message, at: location, hint: doubt.hint))
            }
        } catch {
            findings.problems += Self.problems(error, at: location)
        }
        return findings
    }

    private func checkToken(_ path: String) throws(SystemError) {
        let bytes = try run.files.read(path, limit: SizeLimit.configuration)
        guard BearerToken.token(in: bytes) == nil else { return }
        let advice = "write the token as one line without spaces"
        throw SystemError("cannot use", path, code: EINVAL, detail: "it contains no valid token", advice: advice)
    }
}

extension NodeCheck {
    /// Returns a warning if a certificate may expire because its task does not repeat, or repeats too late.
    func lateRenewals(_ task: PlannedTask) -> [Problem] {
        guard let issued = task.footprint.issuedCertificate else { return [] }
        let renewBefore = issued.renewBefore
        let fault: String
        switch task.interval {
        case nil: fault = "has no 'every', so on a node that keeps running its certificate expires"
        case let interval? where interval + repetitionDelay(interval) > renewBefore:
            fault =
                "repeats every \(interval.text), up to \(repetitionDelay(interval).text) later, and its certificate is due "
                + "\(renewBefore.text) before its end, so it may expire before"
        case _?: return []
        }
        let interval = min(.seconds(86_400), max(renewBefore / 2, .seconds(1)))
        let hint = "write every: \(interval.text)"
        return [Problem("task '\(task.name)' \(fault)", at: task.location, hint: hint)]
    }
}
