import Base
import Planning
import Testing

/// What tasks read, write, connect to and need as privilege.
@Suite(.timeLimit(.minutes(15))) struct FootprintTests {
    private func footprint(_ verb: String) throws -> Footprint {
        let cluster = "cluster: {servers: 'https://x', certificateAuthority: /ca}\n"
        return try #require(try declarations("\(cluster)tasks: {t: {\(verb)}}").tasks.first?.footprint)
    }

    @Test(
        arguments: [
            (
                "kubeconfig: {path: /etc/k, user: u, certificate: /c, key: /d/k}",
                ["/ca authority", "/c certificate", "/d/k clientKey"], ["/etc/k replaces secret"]
            ),
            ("symlink: {path: /a/b, target: /c}", [], ["/a/b replaces"]),
            ("file: {path: /a/b, source: /c}", ["/c file"], ["/a/b replaces"]),
            ("directory: {path: /a//b/, owner: u}", [], ["/a/b replaces"]),
            ("file: {path: /a/b, source: /c, mode: \"0600\"}", ["/c secret"], ["/a/b replaces secret"]),
            (
                "decrypt: {path: /a/b, source: /c, certificate: /d}",
                ["/c file", "/etc/ssh/ssh_host_ed25519_key privateKey", "/d certificate"], ["/a/b replaces secret"]
            ),
            (
                "certificate: {path: /a/c, key: /a/k, leaf: {commonName: web, usages: [client auth]}, "
                    + "ca: {certificate: /ca, key: /cakey}}",
                ["/ca authority", "/cakey privateKey"], ["/a/c replaces", "/a/k replaces secret"]
            ),
            (
                "certificate: {path: /a/c, key: /a/k, leaf: {commonName: web, usages: [client auth]}, "
                    + "signer: a.b/c, kubeconfig: /x}",
                ["/x kubeconfig"], ["/a/c replaces", "/a/k replaces secret"]
            ),
            (
                "apply: {kubeconfig: /k, manifests: [/m, {url: 'https://x', sha256: \(String(repeating: "a", count: 64))}]}",
                ["/k kubeconfig", "/m manifests"], []
            ),
            (
                "exec: {script: /s, creates: /a/b, writes: [/w, /d/], reads: [/r]}",
                ["/s file", "/r optional"], ["/a/b creates", "/w modifies", "/d/ modifies"]
            ),
            ("exec: {command: /bin/x}", ["/bin/x program"], []),
            ("exec: {command: /bin/sh, args: [-eu, /s, /data]}", ["/bin/sh program", "/s program"], []),
            ("exec: {command: bash, args: [-o, pipefail, --, /s]}", ["/s program"], []),
            ("exec: {command: sh, args: [-ec, 'cat \"$0\"', /data]}", [], []),
            ("exec: {command: sh, args: [s, /data]}", [], []),
            ("exec: {command: cat, args: [/data]}", [], []),
            ("wait: {file: /f}", ["/f awaited"], []),
            ("wait: {url: 'https://x', certificateAuthority: /ca}", ["/ca authority"], []),
            ("wait: {apiServer: /k}", ["/k kubeconfig"], []),
        ] as [(String, [String], [String])]
    )
    func `a task reads and writes what its verb says`(verb: String, reads: [String], writes: [String]) throws {
        let footprint = try footprint(verb)
        #expect(footprint.reads.map { "\($0.path.path) \($0.use)" } == reads)
        #expect(
            footprint.writes.map { "\($0.path.path) \($0.effect)\($0.isSecret ? " secret" : "")" } == writes
        )
    }

    @Test(
        arguments: [
            ("symlink: {path: /a/b, target: /c}", ["/a"]),
            ("exec: {command: ls, creates: /a/b, writes: [/w, /d/]}", ["/a", "/d"]),
            ("wait: {file: /f/g}", []),
        ] as [(String, [String])]
    )
    func `directories are made for what a task creates`(verb: String, directories: [String]) throws {
        #expect(try footprint(verb).createdDirectories == directories)
    }

    @Test func `a task with prune sees the manifests of the other tasks, which may describe what it would delete`()
        throws
    {
        let text = """
            tasks:
              admin:
                kubeconfig:
                  {path: /etc/admin.conf, user: u, certificate: /c, key: /k, certificateAuthority: /ca, server: "https://x"}
              base: {after: [admin], apply: {manifests: [/run/base, /root/m]}}
              pruned: {after: [admin], apply: {manifests: [/run/own], prune: true}}
              later: {after: [pruned], apply: {manifests: [/run/own/later, /run/later.yaml]}}
            """
        let plan = try plan(text)
        let manifests = { (task: String) in
            plan.steps.first { $0.task.name == task }?.task.footprint.reads.map(\.path.path).filter {
                $0 != "/etc/admin.conf"
            }
        }
        #expect(manifests("pruned") == ["/run/own", "/run/base", "/root/m", "/run/own/later", "/run/later.yaml"])
        #expect(manifests("later") == ["/run/own/later", "/run/later.yaml"])
    }
}
