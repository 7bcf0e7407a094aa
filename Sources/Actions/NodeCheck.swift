import HTTP
import Host
import Kubernetes
import Planning
public import YAML

/// What can be told about a plan without an API server: manifests, paths, certificates, missing edges.
///
/// A path that a task of the plan writes need not be there yet.
public struct NodeCheck: Sendable {
    private let run: RunEnvironment
    private let written: Set<String>

    /// Creates a check of a node's plan.
    public init(_ run: RunEnvironment) {
        self.run = run
        written = Set(run.plan.steps.compactMap { $0.task.verb.writtenPath })
    }

    /// Finds all that is wrong.
    ///
    /// - Returns: The problems in the order of the plan, none if all is well.
    public func problems() async -> [Diagnostic] {
        var problems: [Diagnostic] = []
        var contents: [(task: TaskDeclaration, manifests: [Manifest])] = []
        for step in run.plan.steps {
            switch step.task.verb {
            case .kubeconfig(let declaration): problems += check(declaration)
            case .symlink: break
            case .file(let declaration): problems += await check(declaration)
            case .exec(let declaration): problems += check(declaration)
            case .wait(let declaration): problems += check(declaration)
            case .apply(let declaration):
                let found = await load(declaration)
                problems += found.problems
                problems += declaration.kubeconfig.map(checkPresence) ?? []
                contents.append((step.task, found.manifests))
            }
        }
        return problems + MissingEdges(plan: run.plan, contents: contents).problems
    }

    private func load(_ declaration: ApplyDeclaration) async -> ManifestLoader.Contents {
        var contents = await ManifestLoader(run: run, declaration: declaration)
            .load { (url, sha256) throws(ActionError) in
                // Whether the URL answers is for the run to see; what is in the cache is checked.
                let cache = DigestCache(run: run, deadline: .now) { _ in }
                return (try? cache.kept(url, sha256: sha256)) ?? Array("{}".utf8)
            }
        contents.problems.removeAll { problem in
            declaration.manifests.contains { manifest in
                if case .url(let url, _, _) = manifest { problem.place.file == url } else { false }
            }
        }
        return contents
    }

    /// A file that must be readable now, unless a task writes it.
    private func checkPresence(_ reference: PathReference) -> [Diagnostic] {
        guard !written.contains(reference.path) else { return [] }
        do {
            _ = try run.files.read(reference.path, limit: 64 << 20)
            return []
        } catch {
            let hint = error.isNotFound ? "put the file there, or correct the path" : nil
            return [Diagnostic(reference.place, "\(error)", hint: hint)]
        }
    }

    private func check(_ declaration: KubeconfigDeclaration) -> [Diagnostic] {
        let references = [declaration.certificateAuthority, declaration.certificate, declaration.key]
        let missing = references.flatMap(checkPresence)
        guard missing.isEmpty else { return missing }
        let files = references.map { reference in
            (try? run.files.read(reference.path, limit: 1 << 20)).map {
                CredentialFile(name: reference.path, bytes: $0)
            }
        }
        guard let authority = files[0], let certificate = files[1], let key = files[2] else { return [] }
        let check = CredentialCheck()
        do {
            _ = try check.authority(authority)
            _ = try check.client(certificate: certificate, key: key)
            try check.chain(of: certificate, to: authority)
            return []
        } catch {
            return [Diagnostic(declaration.certificate.place, error.message, hint: error.hint)]
        }
    }

    private func check(_ declaration: FileDeclaration) async -> [Diagnostic] {
        var problems: [Diagnostic] = []
        if case .path(let source) = declaration.source { problems += checkPresence(source) }
        let (owner, group) = (declaration.owner, declaration.group)
        do {
            try await onThread { () throws(SystemError) in
                if let owner { _ = try FileSystem.lookupUser(owner) }
                if let group { _ = try FileSystem.lookupGroup(group) }
            }
        } catch {
            problems.append(Diagnostic(declaration.path.place, "\(error)", hint: "create the account first"))
        }
        return problems
    }

    private func check(_ declaration: ExecDeclaration) -> [Diagnostic] {
        switch declaration.program {
        case .script(let reference): return checkPresence(reference)
        case .command(let name, let place):
            let path = declaration.environment["PATH"] ?? run.processEnvironment["PATH"] ?? ""
            let candidates = name.contains("/") ? [name] : path.split(separator: ":").map { "\($0)/\(name)" }
            let isThere = candidates.contains { (try? run.files.exists($0)) == true || written.contains($0) }
            guard !isThere else { return [] }
            return [Diagnostic(place, "command '\(name)' is not found", hint: "install it, or write its whole path")]
        }
    }

    private func check(_ declaration: WaitDeclaration) -> [Diagnostic] {
        switch declaration.condition {
        case .apiServer(let kubeconfig), .object(_, let kubeconfig): kubeconfig.map(checkPresence) ?? []
        case .url(_, let authority): authority.map(checkPresence) ?? []
        case .tcp, .file, .unit: []
        }
    }
}

extension Verb {
    /// The path that the task writes, if it writes one.
    var writtenPath: String? {
        switch self {
        case .kubeconfig(let declaration): declaration.path.path
        case .symlink(let declaration): declaration.path.path
        case .file(let declaration): declaration.path.path
        case .exec(let declaration): declaration.creates?.path
        case .apply, .wait: nil
        }
    }
}
