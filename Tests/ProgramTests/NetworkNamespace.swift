import Glibc
import TestSupport
import Testing

/// A new network namespace, in which the program runs.
enum NetworkNamespace {
    /// Runs the program in a new network namespace, and a script beside it.
    ///
    /// - Parameters:
    ///   - node: The node of the program.
    ///   - arguments: The command and what follows; `--config` is added.
    ///   - hasRoot: Whether `--root` is added.
    ///   - before: What the script does before.
    ///   - during: What it does once the program waits.
    /// - Returns: The output of the program, and how it ended.
    /// - Throws: ``SupportError`` if the program cannot be started.
    static func run(
        _ node: TestNode,
        _ arguments: [String] = ["run"],
        hasRoot: Bool = true,
        before: String = "",
        during: String = ":",
    ) async throws -> ToolResult {
        let script = """
            ip link set lo up
            \(before)
            "$@" >"$OUTPUT" 2>&1 &
            until grep -q ': waiting: ' "$OUTPUT" || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
            \(during)
            status=0
            wait $! || status=$?
            cat "$OUTPUT"
            exit $status
            """
        return try await Tool.run(
            "unshare",
            ["--net", "sh", "-euc", script, "sh", TestNode.program] + arguments
                + ["--config", node.config] + (hasRoot ? ["--root", node.root] : []),
            environment: ["OUTPUT": node.path("output"), "ROOT": node.root, "NEST_ROLE": nil, "JOURNAL_STREAM": nil],
        )
    }

    /// Makes another machine, to which interface `eth0` has a cable, and runs a script on it.
    ///
    /// - Parameter script: What the other machine does; its interface is `eth0` as well.
    /// - Returns: A part of the script that is run before the program.
    static func neighbor(_ script: String) -> String {
        """
        unshare --net sleep 100000 >/dev/null 2>&1 &
        neighbor=$!
        trap 'kill $neighbor' EXIT
        until [ "$(readlink /proc/$neighbor/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
        ip link add eth0 type veth peer name eth0 netns $neighbor
        ip link set eth0 up
        nsenter --target $neighbor --net sh -eu <<'END'
        ip link set lo up
        ip link set eth0 up
        \(script)
        END
        """
    }

    /// Makes an interface with a cable to another one, whose name is longer by an `x`.
    static func link(_ name: String) -> String { "ip link add \(name) type veth peer name x\(name)" }
}

extension Trait where Self == ConditionTrait {
    /// Skips a test where no network namespace can be made.
    static var needsNetworkNamespace: Self {
        .enabled(if: geteuid() == 0, "only root can make a network namespace")
    }
}
