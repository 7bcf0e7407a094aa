import TestSupport
import Testing

/// Verb `images` and a containerd of its own.
@Suite(.temporaryDirectory, .needsNode, .timeLimit(.minutes(15)))
struct ImagesTests {
    /// The commands that start containerd, with functions: `nest` is the program, `list` prints the names and labels of
    /// all images, and `image FILE NAME...` makes an archive.
    private static let start = #"""
        . "$SCRIPTS/lib.sh"
        PATH=$runtime/usr/bin:$runtime/usr/sbin:$PATH
        for path in /var/lib /run; do mount -t tmpfs none $path; done
        mount -t proc none /proc
        cd "$DIRECTORY"
        cat >containerd.toml <<END
        version = 2
        root = "$DIRECTORY/root"
        state = "$DIRECTORY/state"
        [grpc]
        address = "$DIRECTORY/c.sock"
        END
        start_containerd() {
            containerd --config containerd.toml >log 2>&1 &
            until ctr --address c.sock version >/dev/null 2>&1; do kill -0 $! || exit 1; sleep 0.1; done
        }
        ctr() { command ctr --address c.sock --namespace k8s.io "$@"; }
        nest() { "$PROGRAM" "$@" --config "$CONFIG" 2>&1 || echo "exit code $?"; }
        list() { ctr images list | awk 'NR > 1 && !/^sha256:/ { print "has", $1, $NF }'; }
        image() {
            mkdir -p "content-$2/bin"
            echo "$2" >"content-$2/bin/name"
            "$SCRIPTS/make-image" "$1" "content-$2" "${@:2}"
        }
        image one.tar pause:1 registry.test/pause:1

        """#

    private func run(_ script: String, _ archives: String) async throws -> [String] {
        let directory = TemporaryDirectory.path
        let node = try TestNode(
            "tasks: {t: {images: {socket: \(directory)/c.sock, archives: \(archives)}}}\n"
        )
        let result = try await Tool.run(
            "unshare",
            ["--mount", "--pid", "--fork", "--kill-child", "bash", "-euc", Self.start + script],
            environment: [
                "PROGRAM": TestNode.program, "CONFIG": node.config, "SCRIPTS": TestCluster.scripts,
                "DIRECTORY": directory, "NEST_ROLE": nil, "JOURNAL_STREAM": nil,
            ]
        )
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        return result.output.split(separator: "\n").map(String.init)
    }

    private func archive(_ name: String) -> String { TemporaryDirectory.file(name) }

    @Test func `missing images are imported and pinned, and reset removes them`() async throws {
        let script = """
            start_containerd
            nest run --dry-run
            nest run
            list
            nest run
            ctr images remove registry.test/pause:1 >/dev/null
            nest run
            nest reset --yes
            ctr images list
            """
        let lines = try await run(script, "[\(archive("one.tar"))]")
        let names = ["docker.io/library/pause:1", "registry.test/pause:1"]
        for name in names {
            #expect(lines.contains("t: image '\(name)' imported"), "\(lines)")
            let labels = lines.first { $0.hasPrefix("has \(name) ") } ?? ""
            #expect(labels.contains("io.cri-containerd.pinned=pinned"), "\(lines)")
        }
        #expect(lines.contains("t: would import the images of '\(archive("one.tar"))'"), "\(lines)")
        #expect(lines.count { $0.hasPrefix("t: unchanged") } == 1, "\(lines)")
        #expect(lines.count { $0 == "t: image '\(names[1])' imported" } == 2, "\(lines)")
        #expect(lines.last?.hasPrefix("REF") == true, "\(lines)")
    }

    @Test func `an image that was there is pinned, and reset removes the pin only`() async throws {
        let script = """
            start_containerd
            ctr images import --no-unpack one.tar >/dev/null
            nest run
            list
            nest reset --yes
            list
            """
        let lines = try await run(script, "[\(archive("one.tar"))]")
        #expect(lines.contains("t: image 'registry.test/pause:1' pinned"), "\(lines)")
        let labels = lines.filter { $0.hasPrefix("has registry.test/pause:1 ") }
        #expect(labels.count == 2, "\(lines)")
        #expect(labels.first?.contains("pinned=pinned") == true, "\(lines)")
        #expect(labels.last?.contains("pinned") == false, "\(lines)")
    }

    @Test func `an archive from a URL is not needed again, and neither is its server`() async throws {
        let script = """
            start_containerd
            digest=$(sha256sum <one.tar)
            digest=${digest%% *}
            sed -i "s/DIGEST/$digest/" "$CONFIG"
            mkdir -p /var/lib/nest-bootstrap/cache
            mv one.tar "/var/lib/nest-bootstrap/cache/$digest"
            nest run
            rm "/var/lib/nest-bootstrap/cache/$digest"
            nest run
            """
        let lines = try await run(script, "[{url: 'https://127.0.0.1:9/one.tar', sha256: DIGEST}]")
        #expect(lines.contains("t: image 'registry.test/pause:1' imported"), "\(lines)")
        #expect(lines.contains { $0.hasPrefix("t: unchanged") }, "\(lines)")
    }

    @Test func `an import that was interrupted is known to the next run and to reset`() async throws {
        let script = """
            start_containerd
            mkdir -p /var/lib/nest-bootstrap/cache/t
            printf '%s\\n' docker.io/library/pause:1 registry.test/pause:1 >/var/lib/nest-bootstrap/cache/t/imported
            ctr images import --no-unpack one.tar >/dev/null
            nest run
            list
            nest reset --yes
            echo after
            list
            """
        let lines = try await run(script, "[\(archive("one.tar"))]")
        #expect(lines.count { $0.hasPrefix("has docker.io/library/pause:1 ") } == 1, "\(lines)")
        #expect(lines.last == "after", "\(lines)")
    }

    @Test func `reset removes an image that a newer archive has replaced`() async throws {
        let script = """
            start_containerd
            nest run
            echo newer >"content-pause:1/bin/name"
            "$SCRIPTS/make-image" one.tar "content-pause:1" pause:1 registry.test/pause:1
            nest run
            nest run
            list
            nest reset --yes
            echo after
            list
            """
        let lines = try await run(script, "[\(archive("one.tar"))]")
        #expect(lines.count { $0 == "t: image 'registry.test/pause:1' imported" } == 2, "\(lines)")
        #expect(lines.count { $0.hasPrefix("t: unchanged") } == 1, "\(lines)")
        #expect(lines.contains { $0.hasPrefix("has registry.test/pause:1 ") }, "\(lines)")
        #expect(lines.last == "after", "\(lines)")
    }

    @Test func `the task waits until containerd runs`() async throws {
        let script = """
            nest run >run &
            until grep -q 'there is no socket' run; do kill -0 $! || exit 1; sleep 0.1; done
            start_containerd
            wait %1
            cat run
            """
        let lines = try await run(script, "[\(archive("one.tar"))]")
        #expect(lines.contains("t: image 'registry.test/pause:1' imported"), "\(lines)")
    }
}
