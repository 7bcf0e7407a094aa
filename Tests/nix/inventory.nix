# Nodes with several roles, addresses, variables of lists and certificates.
{
  networking.hostName = "cp1";
  kubernetes.bootstrap = {
    enable = true;
    cluster = {
      name = "prod";
      vip = "192.168.1.100";
      report.kubeconfig = "/etc/kubernetes/kubelet.kubeconfig";
    };
    nodes = {
      cp1 = {
        roles = [
          "control-plane"
          "init"
        ];
        address = "192.168.1.101";
        variables.state = "MASTER";
      };
      cp2 = {
        roles = [
          "control-plane"
          "join"
        ];
        address = "192.168.1.102";
      };
      "worker-*".role = "worker";
      "worker-gpu-*" = {
        roles = [
          "worker"
          "gpu"
        ];
        address.interfaces = [ "eth1" ];
      };
    };
    variables = {
      state = "BACKUP";
      peers = {
        each = "node.peers";
        text = "\${node.address}";
        separator = ", ";
      };
    };
    certificates = {
      directory = "secrets/certs";
      hostKeys = "ssh-host-keys";
      recipients = [ "age1wcqtt8zxgwqzgy9uew0cn7jy9yap2mua24ha9qp00982fmvssv7s0w2tmw" ];
      authority = {
        name = "k8s";
        commonName = "CA";
      };
      leaves.server = {
        commonName = "\${node.name}";
        names = [ "\${node.name}" ];
        usages = [ "server auth" ];
      };
    };
    tasks = {
      first = {
        roles = [ "init" ];
        file = {
          path = "/etc/peers";
          content = "\${peers} \${state} \${cluster.vip}\n";
        };
      };
      server = {
        roles = [ "control-plane" ];
        certificate = {
          path = "/etc/server.crt";
          key = "/etc/server.key";
          leaf = "server";
          ca = {
            certificate = "/etc/ca.crt";
            key = "/etc/ca.key";
          };
        };
      };
      agent = {
        roles = [ "worker" ];
        file = {
          path = "/etc/agent";
          content = "\${node.role}\n";
        };
      };
      gpu = {
        roles = [ "gpu" ];
        symlink = {
          path = "/etc/gpu";
          target = "/dev/null";
        };
      };
    };
  };
}
