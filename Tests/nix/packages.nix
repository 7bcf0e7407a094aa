# Packages that are programs of this machine, and builders that keep what they would build.
{ lib, program }:
rec {
  writeText = name: text: {
    inherit text;
    outPath = "/built/${name}";
  };
  runCommand = name: _: text: {
    inherit text;
    outPath = "/built/${name}";
  };
  runtimeShell = "/usr/bin/bash";
  package = {
    type = "derivation";
    outPath = "/usr";
  };
  age = package;
  bash = package;
  coreutils = package;
  findutils = package;
  gawk = package;
  gnugrep = package;
  gnused = package;
  kubectl = package;
  nest-bootstrap = package // {
    outPath = program;
  };
}
