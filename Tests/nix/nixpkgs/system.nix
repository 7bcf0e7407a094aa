# A system of NixOS, as far as the module of the project is concerned.
{ lib, modules }:
let
  inherit (lib) mkOption types;
  anything = mkOption {
    type = types.anything;
    default = { };
  };
  system = lib.evalModules {
    modules = modules ++ [
      ./stubs.nix
      (
        { config, ... }:
        {
          options = {
            nixpkgs.pkgs = anything;
            system.stateVersion = anything;
            services.kubernetes = anything;
            virtualisation = anything;
          };
          config = {
            _module.args.pkgs = config.nixpkgs.pkgs;
            environment.etc."systemd/system".source = lib.head config.systemd.packages;
          };
        }
      )
    ];
  };
  failed = lib.filter (item: !item.assertion) system.config.assertions;
in
# As NixOS does, before anything is built.
if failed == [ ] then system else throw (lib.concatMapStringsSep "\n" (item: item.message) failed)
