# The same part of the NixOS module, with verbs instead of scripts.
{ config, ... }:
let
  credentials = "/run/agenix";

  # A task that applies manifests.
  applying = description: manifests: after: {
    inherit description after;
    apply = {
      inherit manifests;
      substitute = true;
    };
  };
in
{
  networking.hostName = "ducksnest-controlplane";
  kubernetes.bootstrap = {
    enable = true;
    cluster = {
      name = "ducksnest";
      certificateAuthority = "${credentials}/k8s-ca.crt";
      servers = "https://${config.networking.hostName}:6443";
    };
    variables = {
      mtu = "1230";
      podCIDR = "10.244.0.0/16";
    };
    tasks = {
      generate-kubeconfig = {
        description = "Generate the admin kubeconfig";
        after = [
          "agenix.service"
          "kube-apiserver.service"
        ];
        kubeconfig = {
          path = "/etc/kubernetes/cluster-admin.kubeconfig";
          user = "kubernetes-admin";
          certificate = "${credentials}/kube-admin.crt";
          key = "${credentials}/kube-admin.key";
        };
      };
      setup-calico-ipam = {
        description = "Link calico-ipam to the calico binary";
        wantedBy = [ "kubelet.service" ];
        symlink = {
          path = "/opt/cni/bin/calico-ipam";
          target = "/run/current-system/sw/bin/calico";
        };
      };
      bootstrap-rbac = applying "Apply the RBAC rules" [
        ../../../../rbac/00-kube-apiserver-to-kubelet.yaml
        ../../../../rbac/04-calico-cni.yaml
      ] [ "generate-kubeconfig" ];
      calico-config = applying "Configure Calico" [ ./k8s/calico-config.yaml ] [ "bootstrap-rbac" ];
      calico-crds = applying "Install the Calico CRDs" [ ../../../../calico/crds ] [ "bootstrap-rbac" ];
      calico-ip-pool = applying "Create the IP pool" [ ../../../../calico/ip-pool.yaml ] [ "calico-crds" ];
    };
  };
}
