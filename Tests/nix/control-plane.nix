# A control plane as a role file of a homelab declares it, with scripts for everything.
{ config, pkgs, ... }:
let
  credentials = "/run/agenix";
  server = "https://${config.networking.hostName}:6443";
  kubeconfig = "/etc/kubernetes/cluster-admin.kubeconfig";
  scripts = "${./k8s/scripts}";
  rbac = "${../../rbac}";

  # The manifests of this project, with the values of the homelab.
  values = {
    apiServerHost = config.networking.hostName;
    apiServerPort = "6443";
    calicoVersion = "v3.29.3";
    clusterDNS = "10.96.0.10";
    clusterDomain = "cluster.local";
    coreDNSVersion = "v1.11.3";
    kernelModules = "/run/booted-system/kernel-modules/lib/modules";
    kubeProxyVersion = "v1.32.4";
    mtu = "1230";
    nodeAddress = "interface=wlan.*";
    podCIDR = "10.244.0.0/16";
  };
  manifest =
    file:
    builtins.toFile (baseNameOf file) (
      builtins.replaceStrings (map (name: "\${${name}}") (builtins.attrNames values)) (
        builtins.attrValues values
      ) (builtins.readFile file)
    );
  crds = pkgs.fetchurl {
    url = "https://raw.githubusercontent.com/projectcalico/calico/v3.29.3/manifests/crds.yaml";
    sha256 = "1620ee6f539de44bbb3ec4aa3c2687b5023d4ee30795b30663ab3423b0c5f5d5";
  };

  # A task that applies a manifest.
  applying = description: file: after: {
    inherit description;
    script = "${scripts}/apply-manifests.sh";
    args = [ "${file}" ];
    environment.KUBECONFIG = kubeconfig;
    after = map (name: "k8s-bootstrap-${name}.service") after;
  };
in
{
  networking.hostName = "ducksnest-controlplane";
  systemd.tmpfiles.rules = [
    "d /var/lib/cni/net.d 0755 root root -"
    "C /var/lib/cni/net.d/10-calico.conflist 0644 root root - ${../../calico/10-calico.conflist}"
  ];
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
          server
          "ducksnest"
          "kubernetes-admin"
        ];
        after = [
          "agenix.service"
          "kube-apiserver.service"
        ];
      };
      generate-cni-kubeconfig = {
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
        after = [
          "agenix.service"
          "kube-apiserver.service"
        ];
      };
      generate-kube-proxy-kubeconfig = {
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
          for kind in crt key; do
            cp "${credentials}/kube-proxy.''${kind}" /etc/kubernetes/pki/
          done
        '';
      };
      setup-calico-ipam = {
        description = "Link calico-ipam to the calico binary";
        script = "${scripts}/setup-calico-ipam.sh";
        wantedBy = [ "kubelet.service" ];
      };
      bootstrap-rbac = {
        description = "Apply the RBAC rules";
        script = "${scripts}/bootstrap-rbac.sh";
        args = [ rbac ];
        environment = {
          KUBECONFIG = kubeconfig;
          MAX_ATTEMPTS = "60";
          SECONDS_BETWEEN = "5";
          GREETING = "\${not a variable}";
        };
        after = [
          "k8s-bootstrap-generate-kubeconfig.service"
          "k8s-bootstrap-generate-cni-kubeconfig.service"
          "k8s-bootstrap-generate-kube-proxy-kubeconfig.service"
          "kube-apiserver.service"
        ];
      };
      calico-crds = applying "Install the Calico CRDs" crds [ "bootstrap-rbac" ];
      calico-ip-pool = applying "Create the IP pool" (manifest ../../calico/ip-pool.yaml) [ "calico-crds" ];
      calico-rbac = applying "Apply the RBAC rules of calico-node" "${rbac}/05-calico-node.yaml" [ "bootstrap-rbac" ];
      calico-node = applying "Deploy calico-node" (manifest ../../calico/calico-node.yaml) [
        "bootstrap-rbac"
        "calico-ip-pool"
      ];
      kube-proxy-daemonset = applying "Deploy kube-proxy" (manifest ../../manifests/kube-proxy.yaml) [
        "bootstrap-rbac"
        "generate-kube-proxy-kubeconfig"
      ];
      coredns = applying "Deploy CoreDNS" (manifest ../../manifests/coredns.yaml) [ "bootstrap-rbac" ];
    };
  };
}
