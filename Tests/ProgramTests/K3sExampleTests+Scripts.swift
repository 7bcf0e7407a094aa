import TestSupport
import Testing

/// The scripts in `examples/k3s`.
extension K3sExampleTests {
    @Test func `the machine key may log in, in place of the one before`() async throws {
        let list = TemporaryDirectory.file("authorized_keys")
        // Without a newline at the end, as an editor may leave it.
        try Files.write(Array("ssh-ed25519 AAAA other".utf8), to: list, mode: 0o600)
        for name in ["first", "first", "second"] {
            let key = TemporaryDirectory.file(name)
            if try Files.status(key) == nil {
                _ = try await Tool.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key])
            }
            let result = try await Tool.run("\(Self.directory)/authorize-key.sh", [key, list, "192.168.1.0/24"])
            #expect(result.status == 0, "\(result.errors)")
            let text = try Files.text(list)
            let own = try Files.text("\(key).pub")
            let words = own.split { " \n".contains($0) }.prefix(2).joined(separator: " ")
            let line = "from=\"192.168.1.0/24\" \(words) k3s-machine-key"
            #expect(text == "ssh-ed25519 AAAA other\n\(line)\n")
            #expect(try Files.status(list)?.mode == 0o600)
        }
    }

    @Test(.needsNetworkNamespace) func `only a server without a database looks for a cluster`() async throws {
        let script = """
            ip link set lo up
            cd "$1"
            mkdir -p member
            try() {
                status=0
                timeout "$limit" "$2/$1-cluster.sh" "$3" 127.0.0.1 2>>errors || status=$?
                echo "$1 $3 $status"
            }
            echo nothing answers
            limit=10
            try begin "$2" none
            try begin "$2" member
            try join "$2" none
            try join "$2" member
            openssl req -x509 -newkey ed25519 -nodes -subj /CN=ca -days 1 -keyout key -out crt 2>/dev/null
            openssl s_server -quiet -www -accept 127.0.0.1:6443 -cert crt -key key >/dev/null 2>&1 &
            trap 'kill $!' EXIT
            echo a cluster answers
            limit=600
            try join "$2" none
            try begin "$2" none
            try begin "$2" member
            try join "$2" member
            cat errors
            """
        let result = try await Tool.run(
            "unshare",
            ["--net", "sh", "-euc", script, "sh", TemporaryDirectory.path, Self.directory],
        )
        let message =
            "a cluster answers at 127.0.0.1 already; give this node role 'join', and role 'init' to one of its servers"
        let expected = [
            "nothing answers", "begin none 0", "begin member 0", "join none 124", "join member 0",
            "a cluster answers", "join none 0", "begin none 1", "begin member 0", "join member 0", message,
        ]
        #expect(result.outputLines == expected, "\(result)")
    }

    /// A machine of the cluster with a volume that belongs to another machine; `$1` is the example.
    private static let member = """
        for path in /run /var/lib /root; do mount -t tmpfs tmpfs "$path"; done
        mkdir -p /run/data /run/k3s /var/lib/kubelet/pods/1/data /var/lib/rancher/k3s /root/.ssh
        echo precious >/run/data/file
        mount --bind /run/data /var/lib/kubelet/pods/1/data
        printf '%s\\n' 'ssh-ed25519 AAAA other' 'from="::/0" ssh-ed25519 AA k3s-machine-key' >/root/.ssh/authorized_keys
        nft -D subnet=192.168.1.0/24 -f "$1/firewall-server.nft"
        leave() {
            status=0
            sh "$1/leave-cluster.sh" keepalived k3s login firewall >/run/out 2>&1 || status=$?
            echo "$status $(cat /run/data/file) $(tail -n 1 /run/out)"
        }

        """

    @Test(.needsNetworkNamespace) func `a machine that leaves keeps what is mounted, and nothing of the cluster`()
        async throws
    {
        let script =
            Self.member + """
                leave "$1"
                mkdir /run/bin
                printf '%s\\n' '#!/bin/sh' 'umount /var/lib/kubelet/pods/1/data' 'exit 1' >/run/bin/k3s-killall.sh
                chmod 755 /run/bin/k3s-killall.sh
                PATH="/run/bin:$PATH"
                leave "$1"
                find /var/lib
                [ ! -e /run/k3s ]
                cat /root/.ssh/authorized_keys
                nft list ruleset
                rm /run/bin/k3s-killall.sh
                leave "$1"
                """
        let result = try await Tool.run(
            "unshare",
            ["--mount", "--net", "sh", "-euc", script, "sh", Self.directory],
        )
        let expected = [
            "1 precious pods still run or their volumes are mounted; restart the machine, and try again", "0 precious ",
            "/var/lib", "/var/lib/rancher", "ssh-ed25519 AAAA other", "0 precious ",
        ]
        #expect(result.outputLines == expected, "\(result)")
    }
}
