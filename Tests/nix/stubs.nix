# The options of NixOS that the module sets, without what NixOS makes of them.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  ofAny = mkOption {
    type = types.attrsOf types.anything;
    default = { };
  };
  list = mkOption {
    type = types.listOf types.anything;
    default = [ ];
  };
in
{
  options = {
    assertions = list;
    networking.hostName = mkOption { type = types.str; };
    environment.systemPackages = list;
    environment.etc = ofAny;
    systemd = {
      package = mkOption { default = "/usr"; };
      packages = list;
      services = ofAny;
      tmpfiles.rules = list;
      # As in nixos/lib/systemd-unit-options.nix.
      units = mkOption {
        default = { };
        type = types.attrsOf (
          types.submodule {
            options = {
              text = mkOption { type = types.nullOr types.str; };
              overrideStrategy = mkOption {
                type = types.enum [
                  "asDropin"
                  "asDropinIfExists"
                ];
              };
              wantedBy = mkOption {
                type = types.listOf types.str;
                default = [ ];
              };
            };
          }
        );
      };
    };
    users.users = ofAny;
    users.groups = ofAny;
  };
}
