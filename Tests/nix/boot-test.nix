# A NixOS test: a control plane of NixOS' own module whose tasks succeed at boot, and again after a reboot.
module:
let
  secrets = "/var/lib/kubernetes/secrets";
  kubeconfig = "/var/lib/cluster/admin.kubeconfig";
in
{
  name = "nest-bootstrap";

  nodes.cp1 =
    { config, pkgs, ... }:
    {
      imports = [ module ];

      virtualisation.memorySize = 2048;
      virtualisation.diskSize = 4096;
      environment.systemPackages = [ pkgs.kubectl ];

      services.kubernetes = {
        roles = [ "master" ];
        masterAddress = config.networking.hostName;
        easyCerts = true;
      };

      kubernetes.bootstrap = {
        enable = true;
        role = "control-plane";
        cluster = {
          name = "test";
          certificateAuthority = "${secrets}/ca.pem";
          servers = "https://cp1:6443";
        };
        variables.greeting = "hello";
        tasks = {
          certificates.wait.file = "${secrets}/cluster-admin-key.pem";
          kubeconfig = {
            after = [ "certificates" ];
            kubeconfig = {
              path = kubeconfig;
              user = "cluster-admin";
              certificate = "${secrets}/cluster-admin.pem";
              key = "${secrets}/cluster-admin-key.pem";
            };
          };
          namespace = {
            after = [ "kubeconfig" ];
            apply = {
              manifests = [ ./greeting.yaml ];
              substitute = true;
            };
          };
          script = {
            after = [ "namespace" ];
            script = pkgs.writeShellScript "annotate" ''
              kubectl --kubeconfig ${kubeconfig} annotate --overwrite -n greeting configmap/greeting seen=yes
            '';
          };
        };
      };
    };

  testScript = ''
    cp1.start()
    cp1.wait_for_unit("k8s-bootstrap.target", timeout=600)
    cp1.succeed("nest-bootstrap status >&2")
    found = cp1.succeed(
        "kubectl --kubeconfig ${kubeconfig} get -n greeting configmap/greeting"
        + " -o jsonpath='{.data.text} {.metadata.annotations.seen}'"
    )
    assert found == "hello yes", found
    cp1.succeed("nest-bootstrap diff")

    with subtest("the tasks succeed again after a reboot, and change nothing"):
        cp1.shutdown()
        cp1.start()
        cp1.wait_for_unit("k8s-bootstrap.target", timeout=600)
        cp1.succeed("nest-bootstrap diff")
  '';
}
