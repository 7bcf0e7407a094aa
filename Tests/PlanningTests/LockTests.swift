import Base
import Planning
import Testing

/// Tasks that run on one node of the cluster at a time.
@Suite(.timeLimit(.minutes(15))) struct LockTests {
    private static let admin = """
          admin:
            kubeconfig: {path: /etc/k/admin.conf, user: u, certificate: /run/a/u.crt, key: /run/a/u.key,
              certificateAuthority: /run/a/ca.crt, server: "https://10.0.0.1:6443"}
        """

    private func file(_ task: String) -> String { "tasks:\n\(Self.admin)\n  t: {\(task)}\n" }

    private func kubeconfigs(_ task: String) throws -> [String?] {
        let task = try #require(try declarations(file(task)).tasks.last)
        return [task.lock?.kubeconfig.path, task.footprint.kubeconfig?.path]
    }

    @Test(
        arguments: [
            ("after: [admin], lock: cluster, exec: {command: ls}", "/etc/k/admin.conf"),
            ("after: [admin], lock: {kubeconfig: /own}, exec: {command: ls}", "/own"),
            ("lock: {kubeconfig: /own}, file: {path: /x/y, content: z}", "/own"),
            ("after: [admin], lock: cluster, apply: {kubeconfig: /verb, manifests: [/m]}", "/verb"),
            ("after: [admin], lock: cluster, apply: {manifests: [/m]}", "/etc/k/admin.conf"),
            ("after: [admin], lock: cluster, wait: {tcp: \"a:1\"}", "/etc/k/admin.conf"),
        ]
    )
    func `the lock uses the kubeconfig of its verb, its own, or that of the nearest task`(
        task: String,
        path: String
    ) throws {
        #expect(try kubeconfigs(task) == [path, path])
    }

    @Test func `a task without a lock connects to nothing for one`() throws {
        #expect(try kubeconfigs("after: [admin], exec: {command: ls}") == [nil, nil])
    }

    @Test(
        arguments: [
            ("lock: cluster, exec: {command: ls}", "5:3: task 't' has no kubeconfig"),
            ("lock: node, exec: {command: ls}", "5:13: 'lock'… must be 'cluster' or a mapping with a kubeconfig"),
            ("lock: {}, exec: {command: ls}", "5:7: 'lock.kubeconfig' of task 't' is missing"),
            ("lock: {kubeconfig: /a, name: b}, exec: {command: ls}", "5:30: unknown key 'name' in 'lock' of task 't'"),
            (
                "after: [admin], lock: cluster, restart: [kubelet.service], exec: {command: ls}",
                "5:38: task 't' has 'lock' and 'restart', but units are restarted when the lock is released",
            ),
            (
                "after: [admin], restart: [kubelet.service], apply: {manifests: [/m]}",
                "5:23: task 't' has 'restart', but changes nothing on the node",
            ),
            (
                "after: [admin], lock: {kubeconfig: /own}, apply: {manifests: [/m]}",
                "5:42: the lock of task 't' uses the kubeconfig of 'apply', and names another one",
            ),
        ]
    )
    func `mistakes are reported with their places`(task: String, message: String) {
        #expect(isReported(problems(file(task)), message))
    }
}
