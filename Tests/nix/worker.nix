# A worker as a role file of a homelab declares it.
{ config, lib, ... }:
let
  master = if config.networking.hostName == "ducksnest-test-worker-node" then "ducksnest-test-controlplane" else "ducksnest-controlplane";
in
{
  networking.hostName = lib.mkDefault "ducksnest-laptop-old";
  kubernetes.bootstrap = {
    enable = true;
    tasks.generate-cni-kubeconfig = {
      description = "Generate the CNI plugin's kubeconfig";
      script = "${./k8s/scripts}/generate-kubeconfig.sh";
      args = [
        "/var/lib/cni/net.d/calico-kubeconfig"
        "/run/agenix/k8s-ca.crt"
        "/run/agenix/calico-cni.crt"
        "/run/agenix/calico-cni.key"
        "https://${master}:6443"
        "ducksnest"
        "calico-cni"
      ];
      after = [ "agenix.service" ];
      preStart = "mkdir -p /var/lib/cni/net.d";
    };
    tasks.setup-calico-ipam = {
      description = "Link calico-ipam to the calico binary";
      script = "${./k8s/scripts}/setup-calico-ipam.sh";
    };
  };
}
