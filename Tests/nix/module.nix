# What the module makes of some modules, or another one instead of it.
{
  modules,
  module ? ../../nix/module.nix,
  program ? "/usr",
}:
nixpkgs:
let
  lib = import (nixpkgs + "/lib");
  pkgs = import ./packages.nix { inherit lib program; };
  inherit
    (lib.evalModules {
      modules = [
        module
        ./stubs.nix
        { _module.args = { inherit pkgs; }; }
      ]
      ++ modules;
    })
    config
    ;
  failed = lib.filter (item: !item.assertion) config.assertions;
in
{
  failures = map (item: item.message) failed;
  taskFile = config.environment.etc."nest-bootstrap/bootstrap.yaml".source.text or null;
  build = (lib.head (config.systemd.packages ++ [ { text = null; } ])).text;
  inherit (config.systemd) units services;
  etc = lib.mapAttrs (_: file: toString file.source) config.environment.etc;
  rules = config.systemd.tmpfiles.rules;
  users = lib.attrNames config.users.users;
  path = map (package: package.name) config.kubernetes.bootstrap.path or [ ];
  packages = map (package: package.name or "${package}") config.environment.systemPackages;
}
