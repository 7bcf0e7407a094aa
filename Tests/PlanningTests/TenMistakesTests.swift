import Testing

/// A task file with ten different mistakes, and what is printed about them.
@Suite(.timeLimit(.minutes(30))) struct TenMistakesTests {
    static let file = """
        cluster:
          name: ducksnest
          certificateAuthority: /run/agenix/k8s-ca.crt
          servers: http://10.20.0.5:6443
        variables:
          podCIDR: 10.244.0.0/16
        tasks:
          generate-kubeconfig:
            roles: [contol-plane]
            kubeconfig:
              path: etc/kubernetes/cluster-admin.kubeconfig
              user: kubernetes-admin
              certificate: /run/agenix/kube-admin.crt
          calico-ipam:
            symlnk: {path: /opt/cni/bin/calico-ipam, target: /run/current-system/sw/bin/calico}
          bootstrap-rbac:
            after: [generate-kubeconfg]
            timeout: 10
            apply: {kubeconfig: admin.kubeconfig, manifests: [rbac]}
          calico-ip-pool:
            after: [calico-node]
            apply:
              kubeconfig: admin.kubeconfig
              manifests: ["pools/${podCDIR}.yaml"]
          calico-node:
            after: [bootstrap-rbac, calico-ip-pool]
            apply:
              kubeconfig: admin.kubeconfig
              manifests: [calico]
            wait: rollout
        """

    static let expected = """
        bootstrap.yaml:4:12: 'cluster.servers' must be an https URL, found 'http://10.20.0.5:6443'; \
        write servers: https://10.20.0.5:6443
        bootstrap.yaml:9:13: an item of 'roles' of task 'generate-kubeconfig' is 'contol-plane', \
        which is not a known role; did you mean 'control-plane'?
        bootstrap.yaml:10:5: 'kubeconfig.key' of task 'generate-kubeconfig' is missing; \
        add key: PATH (the client key)
        bootstrap.yaml:11:13: 'kubeconfig.path' of task 'generate-kubeconfig' must be an absolute path, \
        found 'etc/kubernetes/cluster-admin.kubeconfig'; write path: /etc/kubernetes/cluster-admin.kubeconfig
        bootstrap.yaml:15:5: unknown key 'symlnk' in task 'calico-ipam'; did you mean 'symlink'?
        bootstrap.yaml:17:13: task 'bootstrap-rbac' runs after 'generate-kubeconfg', which is not declared; \
        did you mean 'generate-kubeconfig'?
        bootstrap.yaml:18:14: 'timeout' of task 'bootstrap-rbac' must be a duration such as 500ms, 30s, 10m or 1h30m, \
        found the number 10
        bootstrap.yaml:21:13: tasks run after each other: calico-ip-pool -> calico-node -> calico-ip-pool; \
        remove 'calico-node' at bootstrap.yaml:21:13 or 'calico-ip-pool' at bootstrap.yaml:26:29
        bootstrap.yaml:24:19: no variable is named 'podCDIR'; did you mean '${podCIDR}'?
        bootstrap.yaml:30:5: 'wait' of task 'calico-node' is 'rollout' next to 'apply'; \
        move wait: rollout below apply:
        """

    @Test func `ten mistakes are reported at once, each with its location and something to type`() {
        #expect(problems(Self.file) == Self.expected)
    }
}
