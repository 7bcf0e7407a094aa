# A node with a task of every verb.
{
  networking.hostName = "cp1";
  kubernetes.bootstrap = {
    enable = true;
    nodes.cp1.role = "control-plane";
    nodes.w1 = {
      role = "worker";
      variables.podCIDR = "10.245.0.0/16";
    };
    variables.podCIDR = "10.244.0.0/16";
    cluster = {
      name = "example";
      certificateAuthority = "/run/agenix/k8s-ca.crt";
      servers = {
        control-plane = "https://127.0.0.1:6443";
        worker = "https://cp1:6443";
      };
    };
    links."/opt/cni/bin" = "/var/lib/cni/bin";
    tasks = {
      admin = {
        roles = [ "control-plane" ];
        after = [ "agenix.service" ];
        kubeconfig = {
          path = "/etc/kubernetes/cluster-admin.kubeconfig";
          user = "kubernetes-admin";
          certificate = "/run/agenix/kube-admin.crt";
          key = "/run/agenix/kube-admin.key";
        };
      };
      api = {
        roles = [ "control-plane" ];
        timeout = "5m";
        every = "24h";
        after = [ "admin" ];
        wantedBy = [ "kubelet.service" ];
        wait.apiServer = true;
      };
      namespace = {
        roles = [ "control-plane" ];
        after = [ "api" ];
        apply = {
          manifests = [ ./k8s/namespace.yaml ];
          substitute = true;
        };
      };
      old = {
        roles = [ "control-plane" ];
        after = [ "api" ];
        remove.objects = [
          {
            apiVersion = "apps/v1";
            kind = "DaemonSet";
            name = "kube-flannel";
            namespace = "kube-system";
          }
        ];
      };
      sysctl.file = {
        path = "/var/lib/example/sysctl.conf";
        content = "name = \${node.name}\n";
        mode = "0644";
      };
      pause.images.archives = [
        "/var/lib/images/pause.tar"
        {
          url = "https://example.com/images.tar";
          sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        }
      ];
      plugins.directory = {
        path = "/var/lib/plugins";
        mode = "0755";
      };
      kubelet-key = {
        every = "24h";
        restart = [ "kubelet.service" ];
        decrypt = {
          path = "/run/kubernetes/kubelet.key";
          source = "/etc/nest-bootstrap/kubelet.key.age";
          identity = "/root/.ssh/nest";
          mode = "0640";
        };
      };
      metrics.certificate = {
        path = "/var/lib/metrics/tls.crt";
        key = "/var/lib/metrics/tls.key";
        leaf = {
          commonName = "metrics";
          names = [ "\${node.name}" ];
          usages = [ "server auth" ];
        };
        ca = {
          certificate = "/etc/kubernetes/pki/metrics-ca.crt";
          key = "/etc/kubernetes/pki/metrics-ca.key";
        };
      };
      ipam.symlink = {
        path = "/opt/cni/bin/calico-ipam";
        target = "/run/current-system/sw/bin/calico";
      };
      runtime.service = {
        name = "containerd";
        state = "restarted";
      };
      hello.exec = {
        command = "sh";
        args = [
          "-c"
          "true"
        ];
      };
      only-worker = {
        roles = [ "worker" ];
        wait.file = "/run/flannel";
      };
    };
  };
}
