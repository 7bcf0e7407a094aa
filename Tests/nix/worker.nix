# A worker as a role file of a homelab declares it.
{ config, lib, ... }:
let
  credentials = "/run/agenix";
  master =
    if config.networking.hostName == "ducksnest-test-worker-node" then
      "ducksnest-test-controlplane"
    else
      "ducksnest-controlplane";
  server = "https://${master}:6443";
  scripts = "${./k8s/scripts}";
in
{
  networking.hostName = lib.mkDefault "ducksnest-laptop-old";
  systemd.tmpfiles.rules = [
    "d /var/lib/cni/net.d 0755 root root -"
    "C /var/lib/cni/net.d/10-calico.conflist 0644 root root - ${../../calico/10-calico.conflist}"
  ];
  kubernetes.bootstrap = {
    enable = true;
    tasks.generate-cni-kubeconfig = {
      description = "Generate the CNI plugin's kubeconfig";
      script = "${scripts}/generate-kubeconfig.sh";
      args = [
        "/var/lib/cni/net.d/calico-kubeconfig"
        "${credentials}/k8s-ca.crt"
        "${credentials}/calico-cni.crt"
        "${credentials}/calico-cni.key"
        server
        "ducksnest"
        "calico-cni"
      ];
      after = [ "agenix.service" ];
    };
    tasks.generate-kube-proxy-kubeconfig = {
      description = "Generate kube-proxy's kubeconfig";
      script = "${scripts}/generate-kubeconfig.sh";
      args = [
        "/etc/kubernetes/kube-proxy.kubeconfig"
        "/etc/kubernetes/pki/ca.crt"
        "/etc/kubernetes/pki/kube-proxy.crt"
        "/etc/kubernetes/pki/kube-proxy.key"
        server
        "ducksnest"
        "kube-proxy"
      ];
      after = [ "agenix.service" ];
      preStart = ''
        mkdir -p /etc/kubernetes/pki
        cp ${credentials}/k8s-ca.crt /etc/kubernetes/pki/ca.crt
        cp ${credentials}/kube-proxy.crt ${credentials}/kube-proxy.key /etc/kubernetes/pki/
      '';
    };
    tasks.setup-calico-ipam = {
      description = "Link calico-ipam to the calico binary";
      script = "${scripts}/setup-calico-ipam.sh";
    };
  };
}
