# The bootstrap module of the homelab, rewritten from its documents and from what it does: for each task a oneshot service
# whose script bash runs. Nothing is required, retried or confined.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  units = mkOption {
    type = types.listOf types.str;
    default = [ "multi-user.target" ];
  };
  task.options = {
    enable = mkOption {
      type = types.bool;
      default = true;
    };
    description = mkOption { type = types.str; };
    script = mkOption { type = types.str; };
    args = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
    };
    preStart = mkOption {
      type = types.lines;
      default = "";
    };
    after = units;
    wantedBy = units;
  };
in
{
  options.kubernetes.bootstrap = {
    enable = mkOption {
      type = types.bool;
      default = false;
    };
    tasks = mkOption {
      type = types.attrsOf (types.submodule task);
      default = { };
    };
  };

  config.systemd.services = lib.concatMapAttrs (
    name: task:
    lib.optionalAttrs (config.kubernetes.bootstrap.enable && task.enable) {
      "k8s-bootstrap-${name}" = {
        inherit (task)
          description
          after
          wantedBy
          preStart
          ;
        script = "${pkgs.bash}/bin/bash ${task.script} ${lib.escapeShellArgs task.args}\n";
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          # systemd splits these at spaces.
          Environment = lib.attrValues (lib.mapAttrs (variable: value: "${variable}=${value}") task.environment);
        };
      };
    }
  ) config.kubernetes.bootstrap.tasks;
}
