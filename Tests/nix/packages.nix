# Packages that are programs of this machine, and builders that keep what they would build.
{ lib, program }:
let
  names = [ "age" "bash" "bubblewrap" "containerd" "coreutils" "findutils" "gawk" "gnugrep" "gnused" "gnutar" "gzip" "jq" "kubectl" "util-linux" ];
  programs = lib.genAttrs (names ++ [ "xz" "zstd" ]) (name: {
    type = "derivation";
    inherit name;
    outPath = "/usr";
  });
  built = name: text: {
    inherit text;
    outPath = "/built/${name}";
  };
  crds = ../../../shared/inputs/calico-crds-v3.29.3.yaml;
in
programs
// {
  writeText = built;
  runCommand = name: _: built name;
  runtimeShell = "/usr/bin/bash";
  nest-bootstrap = {
    type = "derivation";
    name = "nest-bootstrap";
    outPath = program;
  };
  # A file that is here, if it is the one that is asked for.
  fetchurl =
    { url, sha256 }:
    if builtins.hashFile "sha256" crds == sha256 then
      "${crds}"
    else
      throw "'${url}' with the digest '${sha256}' is not here";
}
