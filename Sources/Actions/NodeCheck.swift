import HTTP
import Host
import Kubernetes
import Planning
public import YAML

/// What can be told about a plan without an API server: manifests, paths, certificates, missing edges.
///
/// A path that a task of the plan writes need not be there yet.
public struct NodeCheck: Sendable {
    let run: RunEnvironment
    let makers: PathMakers

    /// Creates a check of a node's plan.
    public init(_ run: RunEnvironment) {
        self.run = run
        makers = PathMakers(run.plan)
    }

    /// Finds all that is wrong.
    ///
    /// - Returns: Every problem once, in the order of the plan, none if all is well.
    public func problems() async -> [Diagnostic] {
        var problems: [Diagnostic] = []
        var contents: [(task: TaskDeclaration, manifests: [Manifest])] = []
        var kubeconfigs: Set<String> = []
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
                contents.append((step.task, found.manifests))
            }
            // Once: what is told of a certificate has the time in it.
            if let kubeconfig = step.task.verb.usedKubeconfig, kubeconfigs.insert(kubeconfig.path).inserted {
                problems += checkKubeconfig(kubeconfig)
            }
        }
        problems += MissingEdges(plan: run.plan, contents: contents).problems
        var seen: Set<Diagnostic> = []
        return problems.filter { seen.insert($0).inserted }
    }

    /// The manifests that are there already: not those that a task makes, nor URLs that are not in the cache.
    ///
    /// Whether a URL answers is for the run to see.
    private func load(_ declaration: ApplyDeclaration) async -> ManifestLoader.Contents {
        var declaration = declaration
        declaration.manifests.removeAll { manifest in
            guard case .path(let reference) = manifest else { return false }
            if makers.maker(of: reference.path) != nil { return true }
            return makers.maker(ofManifestIn: reference.path) != nil && (try? run.files.exists(reference.path)) != true
        }
        let cache = DigestCache(run: run, deadline: .now, emit: Emitter { _, _ in })
        return await ManifestLoader(run: run, declaration: declaration)
            .load { (url, sha256) throws(ActionError) in try cache.kept(url, sha256: sha256) }
    }

    /// A file that must be readable now, unless a task writes it.
    func checkPresence(_ reference: PathReference) -> [Diagnostic] {
        guard makers.maker(of: reference.path) == nil else { return [] }
        do {
            _ = try run.files.read(reference.path, limit: 64 << 20)
            return []
        } catch {
            let hint = error.isNotFound ? "put the file there, or correct the path" : nil
            return [Diagnostic(reference.place, "\(error)", hint: hint)]
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
        checkProgram(of: declaration) + declaration.needs.writes.flatMap(checkWritable)
    }

    /// A path that a unit is to let a program write: a directory that is made, or something that is there.
    private func checkWritable(_ reference: PathReference) -> [Diagnostic] {
        let path = reference.path
        guard !path.hasSuffix("/"), makers.maker(of: path) == nil, (try? run.files.exists(path)) != true else {
            return []
        }
        let hint = "write '\(path)/' if it is a directory to be made, or the directory that the file is in"
        return [Diagnostic(reference.place, "'\(path)' does not exist, so no unit can let it be written", hint: hint)]
    }

    private func checkProgram(of declaration: ExecDeclaration) -> [Diagnostic] {
        switch declaration.program {
        case .script(let reference): return checkPresence(reference)
        case .command(let name, let place):
            let path = declaration.environment["PATH"] ?? run.processEnvironment["PATH"] ?? ""
            let candidates = name.contains("/") ? [name] : path.split(separator: ":").map { "\($0)/\(name)" }
            let isThere = candidates.contains { (try? run.files.exists($0)) == true || makers.maker(of: $0) != nil }
            guard !isThere else { return [] }
            let hint = name.contains(" ") ? "write its arguments into 'args'" : "install it, or write its whole path"
            return [Diagnostic(place, "command '\(name)' is not found", hint: hint)]
        }
    }

    private func check(_ declaration: WaitDeclaration) -> [Diagnostic] {
        switch declaration.condition {
        case .url(_, let authority): authority.map(checkPresence) ?? []
        case .apiServer, .object, .tcp, .file, .unit: []
        }
    }
}
