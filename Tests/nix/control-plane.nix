# A control plane as a role file of a homelab declares it, with scripts for everything.
{ config, ... }:
let
  credentials = "/run/agenix";
  server = "https://${config.networking.hostName}:6443";
  kubeconfig = "/etc/kubernetes/cluster-admin.kubeconfig";
  scripts = "${./k8s/scripts}";
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
        preStart = ''
          mkdir -p /var/lib/cni/net.d
          for name in 10-calico.conflist; do
            [ -e "/var/lib/cni/net.d/''${name}" ] || cp ${./k8s/calico}/"''${name}" /var/lib/cni/net.d/
          done
        '';
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
          cp ${credentials}/kube-proxy.crt ${credentials}/kube-proxy.key /etc/kubernetes/pki/
        '';
      };
      setup-calico-ipam = {
        description = "Link calico-ipam to the calico binary";
        script = "${scripts}/setup-calico-ipam.sh";
        wantedBy = [ "multi-user.target" ];
      };
      bootstrap-rbac = {
        description = "Apply the RBAC rules";
        script = "${scripts}/bootstrap-rbac.sh";
        args = [ "${./k8s/rbac}" ];
        environment = {
          KUBECONFIG = kubeconfig;
          MAX_ATTEMPTS = "60";
          GREETING = "\${not a variable}";
        };
        after = [
          "k8s-bootstrap-generate-kubeconfig.service"
          "k8s-bootstrap-generate-cni-kubeconfig.service"
          "k8s-bootstrap-generate-kube-proxy-kubeconfig.service"
          "kube-apiserver.service"
        ];
      };
      calico-ip-pool = {
        description = "Create the IP pool";
        script = "${scripts}/apply-manifests.sh";
        args = [ "${./k8s/calico}/ip-pool.yaml" ];
        environment.KUBECONFIG = kubeconfig;
        after = [ "k8s-bootstrap-bootstrap-rbac.service" ];
      };
      calico-node = {
        description = "Deploy calico-node";
        script = "${scripts}/apply-manifests.sh";
        args = [ "${./k8s/addons}/calico-node.yaml" ];
        environment.KUBECONFIG = kubeconfig;
        after = [
          "bootstrap-rbac"
          "calico-ip-pool"
        ];
      };
      coredns = {
        enable = false;
        script = "${scripts}/apply-manifests.sh";
      };
    };
  };
}
