# The outputs of the flake without packages of nixpkgs: attributes and names, of which nothing can be built.
nixpkgs:
let
  lib = import (nixpkgs + "/lib");
  pkgs = {
    stdenv.hostPlatform.system = "x86_64-linux";
    age.outPath = "/built/age";
    # The arguments of a derivation, and all that callPackage could give.
    callPackage =
      file: _:
      import file {
        inherit lib;
        swift.version = "6.3";
        swiftPackages = {
          stdenv.mkDerivation = arguments: arguments // { outPath = "/built/${arguments.pname}-${arguments.version}"; };
          swiftpm = "swiftpm";
        };
        curl = "curl";
        libyaml = "libyaml";
        openssl = "openssl";
        pkg-config = "pkg-config";
        systemd = "systemd";
      };
    writeShellScript = _: text: text;
  };
  self = flake.outputs {
    inherit self;
    nixpkgs = {
      inherit lib;
      legacyPackages = {
        x86_64-linux = pkgs;
        aarch64-linux = pkgs;
      };
    };
  };
  flake = import ../../flake.nix;
  package = self.packages.x86_64-linux.default;
in
{
  inherit (package)
    pname
    version
    buildInputs
    installPhase
    meta
    ;
  source = "${package.src}";
  overlay = (self.overlays.default pkgs { }).nest-bootstrap.pname;
  module = toString self.nixosModules.default;
  checks = lib.attrNames self.checks.x86_64-linux;
  apps = lib.mapAttrs (_: app: app.program) (
    self.lib.certificateApps pkgs {
      testNodes = [
        "test-controlplane"
        "test-worker-node"
      ];
      names = [ "kubelet" ];
    }
  );
}
