# The NixOS module of control plane cp1, from which the task file is generated
{
  networking.hostName = "cp1";
  kubernetes.bootstrap = {
    enable = true;
    cluster = {
      certificateAuthority = "/run/agenix/k8s-ca.crt";
      servers = "https://127.0.0.1:6443";
    };
    tasks = {
      admin-kubeconfig = {
        after = [ "agenix.service" ];
        kubeconfig = {
          path = "/etc/kubernetes/cluster-admin.kubeconfig";
          user = "kubernetes-admin";
          certificate = "/run/agenix/kube-admin.crt";
          key = "/run/agenix/kube-admin.key";
        };
      };
      monitoring = {
        after = [ "admin-kubeconfig" ];   # then the task waits for the API server
        apply.manifests = [ ./monitoring.yaml ];
      };
    };
  };
}
