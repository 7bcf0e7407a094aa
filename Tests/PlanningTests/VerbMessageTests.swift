import Testing

@Suite(.timeLimit(.minutes(5))) struct VerbMessageTests {
    @Test(arguments: [
        Faulty.task(
            "kubeconfig: {path: /a, user: u, certificate: c, key: k}",
            "bootstrap.yaml:3:5: 'kubeconfig.server' of task 't' is missing, and the cluster has no server; "
                + "write servers: https://HOST:6443 below cluster:",
            "bootstrap.yaml:3:5: 'kubeconfig.certificateAuthority' of task 't' is missing, and the cluster has none; "
                + "add certificateAuthority: PATH below cluster:",
        ),
        .task(
            "exec: {command: ls, capabilities: [net_admin, CAP_SYS_ADMN, 5]}",
            "bootstrap.yaml:3:40: an item of 'exec.capabilities' of task 't' must be the name of a capability "
                + "such as CAP_NET_ADMIN, found 'net_admin'; did you mean 'CAP_NET_ADMIN'?",
            "bootstrap.yaml:3:51: an item of 'exec.capabilities' of task 't' must be the name of a capability "
                + "such as CAP_NET_ADMIN, found 'CAP_SYS_ADMN'; did you mean 'CAP_SYS_ADMIN'?",
            "bootstrap.yaml:3:65: an item of 'exec.capabilities' of task 't' must be the name of a capability "
                + "such as CAP_NET_ADMIN, found the number 5",
        ),
        .task(
            "file: {path: /a, url: 'https://example.com/a'}",
            "bootstrap.yaml:3:27: 'file.url' of task 't' needs a digest; write 'sha256: DIGEST' beside it, as the publisher "
                + "announces it or 'curl -fsSL https://example.com/a | sha256sum' prints it",
        ),
        .task(
            "file: {path: /a, content: b, unpack: {}}",
            "bootstrap.yaml:3:42: 'file.unpack' of task 't' needs an archive; name it in 'source' or 'url', or remove "
                + "'unpack'",
        ),
        .task(
            "file: {path: /a, source: /b, sha256: '\(String(repeating: "0", count: 64))'}",
            "bootstrap.yaml:3:42: 'file.sha256' of task 't' belongs to a URL; remove it, or name the file in 'url'",
        ),
        .task(
            "file: {path: /a, source: /b, mode: '4755', unpack: {}}",
            "bootstrap.yaml:3:40: 'file.mode' of task 't' is 04755: files of URLs and archives get no set-user-ID, "
                + "set-group-ID or sticky bit; write 'mode: \"0755\"'",
        ),
        .task(
            "file: {path: /a, source: /b, unpack: {only: [/bin/x]}}",
            "bootstrap.yaml:3:49: 'file.unpack.only' of task 't' must have names in the archive, such as bin/kubelet; "
                + "remove it to unpack everything",
        ),
        .task(
            "file: {path: /a, source: /b, unpack: {strip: -1}}",
            "bootstrap.yaml:3:50: 'file.unpack.strip' of task 't' must be a whole number, 0 or more, found the number -1",
        ),
        .task(
            "file: {path: /a, content: b, owner: -1}",
            "bootstrap.yaml:3:41: 'file.owner' of task 't' must be a name, or a number up to 4294967294, "
                + "found the number -1",
        ),
        .task(
            "file: {path: /a, content: b, owner: 4294967295}",
            "bootstrap.yaml:3:41: 'file.owner' of task 't' must be a name, or a number up to 4294967294, "
                + "found the number 4294967295",
        ),
        .task(
            "file: {path: /a, content: b, owner: 1.5}",
            "bootstrap.yaml:3:41: 'file.owner' of task 't' must be a name, or a number up to 4294967294, "
                + "found the number 1.5",
        ),
        .task(
            "file: {path: /a, content: b, owner: '-1'}",
            "bootstrap.yaml:3:41: 'file.owner' of task 't' must be a name, or a number up to 4294967294, "
                + "found '-1'",
        ),
        .task(
            "file: {path: /a, content: b, owner: '4294967295'}",
            "bootstrap.yaml:3:41: 'file.owner' of task 't' must be a name, or a number up to 4294967294, "
                + "found '4294967295'",
        ),
        .task(
            "exec: kubectl get nodes",
            "bootstrap.yaml:3:11: 'exec' of task 't' must be a mapping with the keys of 'exec', found 'kubectl "
                + "get nodes'; write its keys below it: script, command, args, environment, preStart, shell, creates, "
                + "writes, reads, network, capabilities or sandbox",
        ),
        .task(
            "exec: {command: [date, -u]}",
            "bootstrap.yaml:3:21: 'exec.command' of task 't' must be a command, found a list; "
                + "write its arguments as items of 'args'",
        ),
        .task(
            "exec: {command: date -u}",
            "bootstrap.yaml:3:21: 'exec.command' of task 't' must be a command without arguments, found 'date -u'; "
                + "write its arguments as items of 'args'",
        ),
        .task(
            "exec: {command: ls, network: yes please, writes: [etc/x]}",
            "bootstrap.yaml:3:34: 'exec.network' of task 't' must be true or false, found 'yes please'",
            "bootstrap.yaml:3:55: an item of 'exec.writes' of task 't' must be an absolute path, found 'etc/x'; "
                + "write /etc/x",
        ),
        .task(
            "symlink: {path: /a/../b, target: c}",
            "bootstrap.yaml:3:21: 'symlink.path' of task 't' must be a path without '..', found '/a/../b'; write path: /b",
        ),
        .task(
            "symlink: {path: ~/b, target: c}",
            "bootstrap.yaml:3:21: 'symlink.path' of task 't' must be an absolute path, found '~/b'",
        ),
        .task(
            "file: {path: /etc/cni/, content: x}",
            "bootstrap.yaml:3:18: 'file.path' of task 't' must be the path of a file, not of a directory, "
                + "found '/etc/cni/'; write path: /etc/cni",
        ),
        .task(
            "file: {path: /x}",
            "bootstrap.yaml:3:5: 'file' of task 't' must have one of 'source', 'content', 'generate' or 'url'; "
                + "add source: FILE, or content: TEXT",
        ),
        .task(
            "file: {path: /x, content: '', mode: 0999}",
            "bootstrap.yaml:3:41: 'file.mode' of task 't' must be permissions in octal, up to 07777, "
                + "found the number 0999; write mode: 0644, or 0600 for a secret",
        ),
        .task(
            "file: {path: /x, generate: token, mode: 0644}",
            "bootstrap.yaml:3:45: 'file.mode' of task 't' is 0644, with which every user can use the token; "
                + "write mode: 0640",
        ),
        .task("directory: {path: /etc/x/, mode: 0750, owner: 0}"),
        .task(
            "directory: {path: /x, mode: rwx}",
            "bootstrap.yaml:3:33: 'directory.mode' of task 't' must be permissions in octal, up to 07777, found 'rwx'; "
                + "write mode: 0755, or 0700 for secrets",
        ),
        .task(
            "service: {name: kubelet.servce, state: running}",
            "bootstrap.yaml:3:21: 'service.name' of task 't' must be the name of a systemd unit, found 'kubelet.servce'; "
                + "write name: kubelet.service",
            "bootstrap.yaml:3:44: 'service.state' of task 't' must be 'started', 'stopped', 'restarted' or 'reloaded', "
                + "found 'running'; did you mean 'started'?",
        ),
        .task(
            "service: {name: run-1.scope, enable: true}",
            "bootstrap.yaml:3:21: 'service.enable' of task 't' has no effect on 'run-1.scope', which the program that starts "
                + "its processes creates; remove enable:",
        ),
        .task("service: {name: dbus-org.freedesktop.login1, enable: true}"),
        .task(
            "directory: {path: /, mode: 0644}",
            "bootstrap.yaml:3:23: 'directory.path' of task 't' must be a path where a directory can be made, found '/'; "
                + "name a directory below it",
            "bootstrap.yaml:3:32: 'directory.mode' of task 't' is 0644, with which users who may read or write the "
                + "directory cannot enter it; write mode: 0755",
        ),
        .task(
            "decrypt: {path: /x, mode: 0644}",
            "bootstrap.yaml:3:5: 'decrypt.source' of task 't' is missing; "
                + "add source: PATH (the encrypted file)",
            "bootstrap.yaml:3:31: 'decrypt.mode' of task 't' is 0644, with which every user can use the decrypted file; "
                + "write mode: 0640",
        ),
        .task(
            "decrypt: {path: /x, source: /x, identity: 7}",
            "bootstrap.yaml:3:33: 'decrypt.source' of task 't' is the file that the task writes; "
                + "name another file with 'path'",
            "bootstrap.yaml:3:47: 'decrypt.identity' of task 't' must be a path, found the number 7; "
                + "write identity: \"7\"",
        ),
        .task(
            "script: x\nargs: [yes]",
            "bootstrap.yaml:4:12: an item of 'args' of task 't' must be a string, found 'yes', which is the boolean true "
                + "in YAML; write \"yes\"",
        ),
        .task(
            "script: |\n  a\n  b",
            "bootstrap.yaml:3:13: 'script' of task 't' must be the path of a script, found the script itself; "
                + "write command: /bin/sh and args: [-ec, TEXT]",
        ),
        .task(
            "args: [x]\nsymlink: {path: /a, target: b}",
            "bootstrap.yaml:3:5: 'args' of task 't' goes with 'script' or 'exec' only; add script: PATH, or remove args:",
        ),
        .task(
            "script: x\nexec: {script: z}",
            "bootstrap.yaml:4:12: 'exec.script' of task 't' is also a key of the task itself, at bootstrap.yaml:3:5; remove one",
        ),
        .task(
            "exec: {command: ls, environment: {1B: x}}",
            "bootstrap.yaml:3:39: '1B' cannot be a name in 'exec.environment' of task 't'",
        ),
    ])
    func `a fault in a verb of this node is reported with what to type`(_ file: Faulty) {
        #expect(problems(file.text) == file.printed)
    }

    @Test(arguments: [
        Faulty.task(
            "apply: {manifests: [x]}",
            "bootstrap.yaml:2:3: task 't' has no kubeconfig, and runs after no task that writes one; "
                + "add kubeconfig: PATH below apply:",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: []}",
            "bootstrap.yaml:3:39: 'apply.manifests' of task 't' must be a list of at least one path or URL, found a list; "
                + "write manifests: [FILE.yaml]",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: [https://x/y.yaml]}",
            "bootstrap.yaml:3:40: an item of 'apply.manifests' of task 't' is a URL without a digest; "
                + "write {url: https://x/y.yaml, sha256: DIGEST}",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: [{url: ftp://x, sha256: abc}]}",
            "bootstrap.yaml:3:46: 'apply.manifests.url' of task 't' must be a URL, "
                + "and 'ftp://x' does not begin with 'https://'",
            "bootstrap.yaml:3:63: 'apply.manifests.sha256' of task 't' must be a SHA-256 digest, "
                + "64 characters of 0-9 and a-f, found 3 characters; write sha256: DIGEST as sha256sum prints it",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: [{url: https://x/y.yaml, sha256: 12}]}",
            "bootstrap.yaml:3:72: 'apply.manifests.sha256' of task 't' must be a SHA-256 digest, "
                + "64 characters of 0-9 and a-f, found 2 characters; write sha256: DIGEST as sha256sum prints it",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: [x], conflicts: take-over, wait: rolout}",
            "bootstrap.yaml:3:55: 'apply.conflicts' of task 't' must be 'report', 'force' or 'keep', found 'take-over'; "
                + "did you mean 'force'?",
            "bootstrap.yaml:3:72: 'apply.wait' of task 't' must be 'rollout', found 'rolout'; did you mean 'rollout'?",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: [x]}\nwait: rollout",
            "bootstrap.yaml:4:5: 'wait' of task 't' is 'rollout' next to 'apply'; move wait: rollout below apply:",
        ),
        .task(
            "wait: {tcp: 6443}",
            "bootstrap.yaml:3:17: 'wait.tcp' of task 't' must be HOST:PORT, found the number 6443; "
                + "write tcp: 127.0.0.1:6443",
        ),
        .task(
            "wait: {address: 100.64.0.5/10}",
            "bootstrap.yaml:3:21: 'wait.address' of task 't' is not the first address of its range; "
                + "write address: 100.64.0.0/10, or address: 100.64.0.5 for this address only",
        ),
        .task(
            "wait: {address: tailscale0}",
            "bootstrap.yaml:3:21: 'wait.address' of task 't' must be an IP address, or a range of them such as "
                + "100.64.0.0/10, found 'tailscale0'",
        ),
        .task(
            "wait: {interface: en/0}",
            "bootstrap.yaml:3:23: 'wait.interface' of task 't' must be the name of a network interface, "
                + "15 characters at most, none of them a space or '/', found 'en/0'",
        ),
        .task("wait: {node: ready, kubeconfig: k}"),
        .task(
            "wait: {node: Ready, kubeconfig: k}",
            "bootstrap.yaml:3:18: 'wait.node' of task 't' must be 'ready', found 'Ready'; did you mean 'ready'?",
        ),
        .task(
            "wait: {kubeconfig: k}",
            "bootstrap.yaml:3:5: 'wait' of task 't' must have one of 'apiServer', 'tcp', 'file', 'url', 'unit', "
                + "'address', 'interface', 'object' or 'node'; add apiServer: true",
            "bootstrap.yaml:3:12: 'wait.kubeconfig' of task 't' goes with 'apiServer', 'object' or 'node' only; "
                + "remove kubeconfig:",
        ),
        .task(
            "apply: {kubeconfig: k, manifests: [x], prune: everything}",
            "bootstrap.yaml:3:51: 'apply.prune' of task 't' must be true, false, 'all', or a mapping with "
                + "'set' or 'all', found 'everything'",
        ),
        .task(
            "{version: 1.2, remove: {paths: [/x]}}",
            "bootstrap.yaml:3:6: 'version' of task 't' goes with 'apply' only; remove version:",
        ),
        .task(
            "wait: {url: https://admin:secret@x/}",
            "bootstrap.yaml:3:17: 'wait.url' of task 't' must be a URL, and this one has a user or password in it",
        ),
    ])
    func `a fault in a verb of the cluster is reported with what to type`(_ file: Faulty) {
        #expect(problems(file.text) == file.printed)
    }

    @Test(arguments: [
        Faulty("servers: http://127.0.0.1:8080"),
        Faulty("servers: 'https://[fd00::1]:6443/'"),
        Faulty("servers: https://api.example.org"),
        Faulty(
            "servers: https://x/k8s/clusters/1",
            "bootstrap.yaml:1:20: 'cluster.servers' must be a URL without a path, found 'https://x/k8s/clusters/1'; "
                + "write servers: https://x",
        ),
        Faulty(
            "servers: {worker: 'https://x:99999'}",
            "bootstrap.yaml:1:29: 'cluster.servers.worker' must be the URL of an API server, "
                + "and 'https://x:99999' has no valid port, which is 1 to 65535",
        ),
        Faulty(
            "servers: https://2001:db8::1:6443",
            "bootstrap.yaml:1:20: 'cluster.servers' must be the URL of an API server, and 'https://2001:db8::1:6443' "
                + "has no valid port, which is 1 to 65535; write servers: \"https://[2001:db8::1]:6443\"",
        ),
        Faulty(
            "servers: https://fd00::1/",
            "bootstrap.yaml:1:20: 'cluster.servers' must be the URL of an API server, and 'https://fd00::1/' "
                + "has no valid port, which is 1 to 65535; write servers: \"https://[fd00::1]/\"",
        ),
        Faulty(
            "servers: 'https://:6443'",
            "bootstrap.yaml:1:20: 'cluster.servers' must be the URL of an API server, and 'https://:6443' has no host",
        ),
        Faulty(
            "servers: [a]",
            "bootstrap.yaml:1:20: 'cluster.servers' must be a URL or a mapping of roles to URLs, found a list"
        ),
        Faulty("naem: x", "bootstrap.yaml:1:11: unknown key 'naem' in 'cluster'; did you mean 'name'?"),
    ])
    func `a fault in the cluster is reported`(_ cluster: Faulty) {
        #expect(problems("cluster: {\(cluster.text)}\ntasks: {t: {exec: {command: ls}}}") == cluster.printed)
    }

    @Test func `a text that the kernel passes to no program is reported`() {
        func file(_ argument: Int, _ variable: Int) -> String {
            let texts = [argument, variable].map { String(repeating: "a", count: $0) }
            return "tasks:\n  t: {exec: {command: ls, args: [\(texts[0])], environment: {AB: \(texts[1])}}}\n"
        }
        #expect(problems(file(131_071, 131_068)) == "")
        let words = "has 131072 bytes, and no program gets more than 131071 in one text (MAX_ARG_STRLEN of execve(2)); "
        let hint = "write it into a file, such as with a task 'file', and give the program the path"
        #expect(
            problems(file(131_072, 131_069)) == """
                bootstrap.yaml:2:34: an item of 'exec.args' of task 't' \(words)\(hint)
                bootstrap.yaml:2:131127: 'exec.environment.AB' of task 't' \(words)\(hint)
                """
        )
    }
}
