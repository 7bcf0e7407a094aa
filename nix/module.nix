# Tasks that bootstrap a Kubernetes node, as options of NixOS. docs/nixos.md describes them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.kubernetes.bootstrap;
  inherit (config.networking) hostName;

  node = import ./task-file.nix { inherit lib pkgs; } { inherit cfg hostName; };
  taskFile = pkgs.writeText "bootstrap.yaml" node.taskFile;
  catalog = "${cfg.package}/lib/systemd/catalog/nest-bootstrap.catalog";

  # The units of this node. The task file is checked first, so that a mistake fails the build, not the node.
  units = pkgs.runCommand "nest-bootstrap-units"
    {
      preferLocalBuild = true;
      nativeBuildInputs = [ pkgs.jq ];
    }
    ''
      ${pkgs.runtimeShell} ${./make-units} "$out" ${cfg.package} ${taskFile} ${
        lib.escapeShellArgs [
          hostName
          (lib.concatStringsSep "," node.roles)
          (builtins.toJSON node.scripts)
        ]
      }
    '';

  # What NixOS does not take from a package. A switch restarts the unit if the fingerprint of its task has changed.
  unitOf = name: task: {
    name = "k8s-bootstrap-${name}.service";
    value = {
      overrideStrategy = "asDropin";
      wantedBy = lib.unique task.wantedBy;
      text = ''
        [Unit]
        X-Restart-Triggers=${node.fingerprint name}

      ''
      + pathTo (programs task);
    };
  };

  # The programs of other packages that a task runs.
  programs =
    task:
    [
      pkgs.bubblewrap
      pkgs.util-linux
    ]
    ++ lib.optional (task.decrypt != null) pkgs.age
    ++ lib.optional (task.images != null) pkgs.containerd
    ++ lib.optionals (task.images != null || task.file.unpack or null != null) [
      pkgs.gnutar
      pkgs.gzip
      pkgs.xz
      pkgs.zstd
    ];

  pathTo = packages: ''
    [Service]
    Environment=PATH=${lib.makeBinPath packages}
  '';

  # Drop-ins of a task's unit do not apply to its repetitions.
  repetitionOf = name: task: {
    name = "k8s-bootstrap-repeat@${name}.service";
    value = {
      overrideStrategy = "asDropin";
      text = pathTo (programs task);
    };
  };
  runsAgain = _: task: task.every != null;
in
{
  options.kubernetes.bootstrap = import ./options.nix { inherit lib pkgs; };

  config = lib.mkIf cfg.enable {
    inherit (node) assertions;

    # The program, and programs that runs by hand need.
    environment.systemPackages = [
      cfg.package
      pkgs.bubblewrap
    ]
    ++ lib.optional (lib.any (task: task.decrypt != null) (lib.attrValues node.tasks)) pkgs.age;
    environment.etc."nest-bootstrap/bootstrap.yaml".source = taskFile;

    # Not the package of the program: NixOS would use its generator, which creates other units.
    systemd.packages = [ units ];
    systemd.units =
      lib.mapAttrs' unitOf node.tasks
      // lib.mapAttrs' repetitionOf (lib.filterAttrs runsAgain node.tasks)
      // {
        "k8s-bootstrap.target" = {
          overrideStrategy = "asDropin";
          wantedBy = [ "multi-user.target" ];
          text = "";
        };
      };

    # systemd's own service updates the catalog only after an update of /usr, which NixOS does not have.
    systemd.services.nest-bootstrap-catalog = {
      description = "Journal catalog of the Kubernetes node bootstrap";
      wantedBy = [ "multi-user.target" ];
      restartTriggers = [ catalog ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${config.systemd.package}/bin/journalctl --update-catalog";
      };
    };

    systemd.tmpfiles.rules = [
      # journalctl reads the catalogs of its package and of /usr/local, but not of /etc.
      "L+ /usr/local/lib/systemd/catalog/nest-bootstrap.catalog - - - - ${catalog}"
    ]
    ++ lib.concatLists (
      lib.mapAttrsToList (link: directory: [
        "d ${directory} 0755 root root -"
        "L+ ${link} - - - - ${directory}"
      ]) cfg.links
    );

    users.users.nest-bootstrap = {
      isSystemUser = true;
      group = "nest-bootstrap";
      description = "Kubernetes node bootstrap";
    };
    users.groups.nest-bootstrap = { };
  };
}
