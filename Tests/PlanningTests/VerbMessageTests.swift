import Testing

@Suite(.timeLimit(.minutes(15))) struct VerbMessageTests {
    @Test(arguments: [
        Faulty.task(
            "kubeconfig: {path: /a, user: u, certificate: c, key: k}",
            "3:5: 'kubeconfig.server' of task 't' is missing, and the cluster has no server",
            "3:5: 'kubeconfig.certificateAuthority' of task 't' is missing, and the cluster has none",
        ),
        .task(
            "exec: {command: ls, capabilities: [net_admin, CAP_SYS_ADMN, 5]}",
            "3:40: an item of 'exec.capabilities' of task 't' must be the name of a capability such as CAP_NET_ADMIN",
            "3:51: an item of 'exec.capabilities' of task 't' must be the name of a capability such as CAP_NET_ADMIN",
            "3:65: an item of 'exec.capabilities' of task 't' must be the name of a capability such as CAP_NET_ADMIN",
        ),
        .task("file: {path: /a, url: 'https://example.com/a'}", "3:5: 'file.sha256'… is missing; add sha256: DIGEST"),
        .task("file: {path: /a, content: b, unpack: {}}", "3:34: 'file.unpack'… goes with 'source' or 'url' only"),
        .task(
            "file: {path: /a, source: /b, sha256: '\(String(repeating: "0", count: 64))'}",
            "3:34: 'file.sha256' of task 't' goes with 'url' only",
        ),
        .task("file: {path: /a, source: /b, mode: '4755', unpack: {}}", "3:40: 'file.mode'… is 04755: files of URLs"),
        .task("file: {path: /a, source: /b, unpack: {only: [/bin/x]}}", "3:49: 'file.unpack.only'… must have names in"),
        .task("file: {path: /a, source: /b, unpack: {strip: -1}}", "3:50: 'file.unpack.strip'… must be a whole"),
        .task("file: {path: /a, content: b, owner: -1}", "3:41: 'file.owner' of task 't' must be a name"),
        .task("file: {path: /a, content: b, owner: 4294967295}", "3:41: 'file.owner' of task 't' must be a name"),
        .task("file: {path: /a, content: b, owner: '-1'}", "3:41: 'file.owner' of task 't' must be a name"),
        .task("exec: kubectl get nodes", "3:11: 'exec' of task 't' must be a mapping with the keys of 'exec'"),
        .task("exec: {command: [date, -u]}", "3:21: 'exec.command' of task 't' must be a command, found a list"),
        .task("exec: {command: date -u}", "3:21: 'exec.command' of task 't' must be a command without arguments"),
        .task(
            "exec: {command: ls, network: yes please, writes: [etc/x]}",
            "3:34: 'exec.network' of task 't' must be true or false, found 'yes please'",
            "3:55: an item of 'exec.writes' of task 't' must be an absolute path, found 'etc/x'",
        ),
        .task("symlink: {path: /a/../b, target: c}", "3:21: 'symlink.path' of task 't' must be a path without '..'"),
        .task("symlink: {path: ~/b, target: c}", "3:21: 'symlink.path' of task 't' must be an absolute path"),
        .task("file: {path: /etc/cni/, content: x}", "3:18: 'file.path'… must be the path of a file, not of a"),
        .task("file: {path: /x}", "3:5: 'file' of task 't' must have one of 'source', 'content', 'generate' or 'url'"),
        .task("file: {path: /x, content: '', mode: 0999}", "3:41: 'file.mode'… must be permissions in octal, up to"),
        .task("file: {path: /x, generate: token, mode: 0644}", "3:45: 'file.mode' of task 't' is 0644"),
        .task("directory: {path: /etc/x/, mode: 0750, owner: 0}"),
        .task("directory: {path: /x, mode: rwx}", "3:33: 'directory.mode'… must be permissions in octal, up to 07777"),
        .task(
            "service: {name: kubelet.servce, state: running}",
            "3:21: 'service.name' of task 't' must be the name of a systemd unit, found 'kubelet.servce'",
            "3:44: 'service.state' of task 't' must be 'started', 'stopped', 'restarted' or 'reloaded'",
        ),
        .task("service: {name: dbus-org.freedesktop.login1, enable: true}"),
        .task("directory: {path: /, mode: 0644}", "3:23: 'directory.path'… must be"),
        .task("decrypt: {path: /x, mode: 0644}", "3:5: 'decrypt.source'… is missing", "3:31: 'decrypt.mode'… is 0644"),
        .task(
            "decrypt: {path: /x, source: /x, identity: 7}",
            "3:33: task 't' reads '/x', the file that it writes; name another file",
            "3:47: 'decrypt.identity' of task 't' must be a path, found the number 7",
        ),
        .task("script: x\nargs: [yes]", "4:12: an item of 'args' of task 't' must be a string, found 'yes'"),
        .task("script: |\n  a\n  b", "3:13: 'script' of task 't' must be the path of a script"),
        .task("args: [x]\nsymlink: {path: /a, target: b}", "3:5: 'args' of task 't' goes with 'script' or 'exec' only"),
        .task("script: x\nexec: {script: z}", "4:12: 'exec.script' of task 't' is also a key of the task itself,"),
        .task("exec: {command: ls, environment: {1B: x}}", "3:39: '1B' cannot be a name in 'exec.environment' of task"),
    ])
    func `a fault in a verb of this node is reported`(_ file: Faulty) {
        let printed = problems(file.text)
        #expect(isReported(printed, file.printed), "\(printed)")
    }

    @Test(arguments: [
        Faulty.task("apply: {manifests: [x]}", "2:3: task 't' has no kubeconfig"),
        .task("apply: {kubeconfig: k, manifests: []}", "3:39: 'apply.manifests' of task 't' must be a list"),
        .task("apply: {kubeconfig: k, manifests: [https://x/y.yaml]}", "3:40: …is a URL without a digest"),
        .task(
            "apply: {kubeconfig: k, manifests: [{url: ftp://x, sha256: abc}]}",
            "3:46: 'apply.manifests.url' of task 't' must be a URL, and 'ftp://x' does not begin with 'https://'",
            "3:63: 'apply.manifests.sha256' of task 't' must be a SHA-256 digest, 64 characters of 0-9 and a-f",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: [x], conflicts: take-over, wait: rolout}",
            "3:55: 'apply.conflicts' of task 't' must be 'report', 'force' or 'keep', found 'take-over'",
            "3:72: 'apply.wait' of task 't' must be 'rollout', found 'rolout'",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: [x]}\nwait: rollout",
            "4:5: task 't' has 2 verbs: 'apply' and 'wait'",
            "4:11: 'wait' of task 't' must be a mapping with the keys of 'wait', found 'rollout'",
        ),
        .task("wait: {tcp: 6443}", "3:17: 'wait.tcp' of task 't' must be HOST:PORT, found the number 6443"),
        .task("wait: {address: 100.64.0.5/10}", "3:21: 'wait.address'… is not the first address of its range"),
        .task("wait: {address: tailscale0}", "3:21: 'wait.address' of task 't' must be an IP address"),
        .task("wait: {interface: en/0}", "3:23: 'wait.interface'… must be the name of a network interface, 15"),
        .task("wait: {node: ready, kubeconfig: k}"),
        .task("wait: {node: Ready, kubeconfig: k}", "3:18: 'wait.node' of task 't' must be 'ready', found 'Ready'"),
        .task("wait: {kubeconfig: k}", "3:5: 'wait'… must have one of", "3:12: 'wait.kubeconfig'… goes with"),
        .task("apply: {kubeconfig: k, manifests: [x], prune: everything}", "3:51: 'apply.prune'… must be true, false,"),
        .task("wait: {url: https://admin:secret@x/}", "3:17: 'wait.url' of task 't' must be a URL"),
    ])
    func `a fault in a verb of the cluster is reported`(_ file: Faulty) {
        let printed = problems(file.text)
        #expect(isReported(printed, file.printed), "\(printed)")
    }

    @Test(arguments: [
        Faulty("servers: http://127.0.0.1:8080"),
        Faulty("servers: 'https://[fd00::1]:6443/'"),
        Faulty("servers: https://x/k8s/clusters/1", "1:20: 'cluster.servers' must be a URL without a path"),
        Faulty("servers: {worker: 'https://x:99999'}", "1:29: 'cluster.servers.worker' must be the URL of an API"),
        Faulty("servers: https://2001:db8::1:6443", "1:20: 'cluster.servers' must be the URL of an API server"),
        Faulty("servers: 'https://:6443'", "1:20: 'cluster.servers' must be the URL of an API server"),
        Faulty("servers: [a]", "1:20: 'cluster.servers' must be a URL or a mapping of roles to URLs, found a list"),
        Faulty("naem: x", "1:11: unknown key 'naem' in 'cluster'"),
    ])
    func `a fault in the cluster is reported`(_ cluster: Faulty) {
        let printed = problems("cluster: {\(cluster.text)}\ntasks: {t: {exec: {command: ls}}}")
        #expect(isReported(printed, cluster.printed), "\(printed)")
    }
}
