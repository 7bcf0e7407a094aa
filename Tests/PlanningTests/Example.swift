/// The task file of the README, in short.
let exampleFile = """
    cluster:
      name: ducksnest
      certificateAuthority: /run/agenix/k8s-ca.crt
      servers:
        control-plane: https://127.0.0.1:6443
        worker: https://ducksnest-controlplane:6443/
    nodes:
      ducksnest-controlplane: {role: control-plane}
      ducksnest-laptop-firebat: {role: worker}
    variables:
      podCIDR: 10.244.0.0/16
      mtu: 1230
    tasks:
      generate-kubeconfig:
        description: Generate the admin kubeconfig
        roles: [control-plane]
        after: [agenix.service, kube-apiserver.service]
        kubeconfig:
          path: /etc/kubernetes/cluster-admin.kubeconfig
          user: kubernetes-admin
          certificate: /run/agenix/kube-admin.crt
          key: /run/agenix/kube-admin.key
      calico-ipam:
        description: Link calico-ipam to the calico binary
        symlink: {path: /opt/cni/bin/calico-ipam, target: /run/current-system/sw/bin/calico}
      bootstrap-rbac:
        description: Apply the RBAC rules
        roles: [control-plane]
        after: [generate-kubeconfig]
        apply:
          kubeconfig: /etc/kubernetes/cluster-admin.kubeconfig
          manifests: [/usr/share/nest-bootstrap/rbac]
      calico-crds:
        description: Install the Calico CRDs
        roles: [control-plane]
        after: [k8s-bootstrap-bootstrap-rbac.service]
        timeout: 20m
        apply:
          manifests:
            - url: https://raw.githubusercontent.com/projectcalico/calico/v3.29.3/manifests/crds.yaml
              sha256: 1620ee6f539de44bbb3ec4aa3c2687b5023d4ee30795b30663ab3423b0c5f5d5
      calico-node:
        roles: [control-plane]
        after: [calico-crds, bootstrap-rbac]
        apply:
          manifests: [calico]
          substitute: true
          wait: rollout
    """
