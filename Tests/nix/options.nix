# The names of the options below kubernetes.bootstrap, to compare them with the keys of the task file.
nixpkgs:
let
  lib = import (nixpkgs + "/lib");
  options = import ../../nix/options.nix {
    inherit lib;
    pkgs = import ./packages.nix {
      inherit lib;
      program = "/usr";
    };
  };
  # An option that may be null or a boolean has those of its mapping.
  subOptions =
    type:
    if type.name == "nullOr" then
      subOptions type.nestedTypes.elemType
    else if type.name == "either" then
      subOptions type.nestedTypes.left // subOptions type.nestedTypes.right
    else
      type.getSubOptions [ ];
  # Names that begin with an underscore are those of the module system.
  below = option: lib.filterAttrs (name: _: !lib.hasPrefix "_" name) (subOptions option.type);
  names = option: lib.attrNames (below option);
in
{
  sections = lib.attrNames options;
  cluster = names options.cluster;
  nodes = names options.nodes;
  tasks = names options.tasks;
  # Of an option that is no mapping there are none.
  clusterKeys = lib.mapAttrs (_: names) (below options.cluster);
  verbs = lib.mapAttrs (_: names) (below options.tasks);
}
