# Part of the NixOS module of a control plane, for the homelab's module: each task runs a script. The RBAC rules, the CRDs
# and the IP pool are those of this repository.
{ config, pkgs, ... }:
let
  credentials = "/run/agenix";
  kubeconfig = "/etc/kubernetes/cluster-admin.kubeconfig";
  scripts = "${./scripts}";
  pool = builtins.toFile "ip-pool.yaml" (
    builtins.replaceStrings [ "\${podCIDR}" ] [ "10.244.0.0/16" ] (builtins.readFile ../../../../calico/ip-pool.yaml)
  );

  # A task that applies manifests.
  applying = description: manifests: after: {
    inherit description;
    script = "${scripts}/apply-manifests.sh";
    args = manifests;
    environment = {
      KUBECONFIG = kubeconfig;
      KUBECTL = "${pkgs.kubectl}/bin/kubectl";
    };
    after = map (name: "k8s-bootstrap-${name}.service") after;
  };
in
{
  networking.hostName = "ducksnest-controlplane";
  kubernetes.bootstrap = {
    enable = true;
    tasks = {
      generate-kubeconfig = {
        description = "Generate the admin kubeconfig";
        script = "${scripts}/generate-kubeconfig.sh";
        args = [
          kubeconfig
          "${credentials}/k8s-ca.crt"
          "${credentials}/kube-admin.crt"
          "${credentials}/kube-admin.key"
          "https://${config.networking.hostName}:6443"
          "ducksnest"
          "kubernetes-admin"
        ];
        after = [
          "agenix.service"
          "kube-apiserver.service"
        ];
      };
      setup-calico-ipam = {
        description = "Link calico-ipam to the calico binary";
        script = "${scripts}/setup-calico-ipam.sh";
        args = [
          "/opt/cni/bin/calico-ipam"
          "/run/current-system/sw/bin/calico"
        ];
        wantedBy = [ "kubelet.service" ];
      };
      bootstrap-rbac = applying "Apply the RBAC rules" [
        "${../../../../rbac/00-kube-apiserver-to-kubelet.yaml}"
        "${../../../../rbac/04-calico-cni.yaml}"
      ] [ "generate-kubeconfig" ];
      calico-config = applying "Configure Calico" [ "${./k8s/calico-config.yaml}" ] [ "bootstrap-rbac" ];
      calico-crds = applying "Install the Calico CRDs" [ "${../../../../calico/crds}" ] [ "bootstrap-rbac" ];
      calico-ip-pool = applying "Create the IP pool" [ "${pool}" ] [ "calico-crds" ];
    };
  };
}
