# Packages of nixpkgs for the project's flake: derivations of the right names, of which nothing can be built.
{
  lib,
  swift,
  system,
}:
let
  derive =
    name: attributes:
    derivation {
      inherit name system;
      builder = "/bin/sh";
    }
    // attributes;
  package = name: derive name { version = "1"; };
  # Arguments that are no strings, such as meta, are those of the result.
  mkDerivation = arguments: derive "${arguments.pname}-${arguments.version}" ({ type = "derivation"; } // arguments);
  stdenv = {
    inherit mkDerivation;
    hostPlatform = { inherit system; };
    cc.cc = package "gcc";
  };
  pkgs = {
    inherit lib stdenv system;
    swift = package "swift" // {
      version = swift;
    };
    swiftPackages = {
      inherit stdenv;
      swiftpm = package "swiftpm";
    };
    fetchurl = { url, sha256 }: derive (baseNameOf url) { inherit url sha256; };
    writeShellScript = name: text: derive name { inherit text; };
    writeText = name: text: derive name { inherit text; };
    runCommand = name: _: text: derive name { inherit text; };
    runtimeShell = "/bin/sh";
    # The machines of a test are evaluated, and their names and the script are those of the result.
    testers.runNixOSTest =
      test:
      let
        units =
          name: machine:
          "${
            (lib.nixosSystem {
              modules = [
                machine
                {
                  networking.hostName = name;
                  nixpkgs.pkgs = pkgs;
                }
              ];
            }).config.environment.etc."systemd/system".source.text
          }";
      in
      derive "vm-test-run-${test.name}" {
        inherit (test) testScript;
        units = lib.mapAttrs units test.nodes;
      };
    callPackage =
      file: arguments:
      let
        function = import file;
      in
      function (builtins.intersectAttrs (builtins.functionArgs function) pkgs // arguments);
  }
  // lib.genAttrs [
    "age"
    "autoPatchelfHook"
    "bash"
    "coreutils"
    "curl"
    "findutils"
    "gawk"
    "gnugrep"
    "gnused"
    "jq"
    "kubectl"
    "libyaml"
    "openssl"
    "patchelf"
    "pkg-config"
    "systemd"
  ] package;
in
pkgs
