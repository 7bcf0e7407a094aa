{
  description = "Bootstraps a Kubernetes node from a task file";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "aarch64-linux"
        "x86_64-linux"
      ];
      perSystem = make: lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      # A system has no package if nixpkgs has no suitable Swift and no archive was released for it.
      packagesOf =
        pkgs:
        let
          package = builtins.tryEval (pkgs.callPackage ./nix/package.nix { });
        in
        lib.optionalAttrs package.success { default = package.value; };
      ownPackages = pkgs: self.packages.${pkgs.stdenv.hostPlatform.system} or { };
      certificateApps =
        pkgs: arguments:
        import ./nix/certificate-apps.nix (
          {
            inherit lib pkgs;
            # Without a package, the error of the second one says what to do.
            package = (ownPackages pkgs).default or (pkgs.callPackage ./nix/package.nix { });
          }
          // arguments
        );
    in
    {
      packages = perSystem packagesOf;

      overlays.default = final: _: { nest-bootstrap = final.callPackage ./nix/package.nix { }; };

      # The package is that of this flake unless an overlay has one, so that its nixpkgs need not be that of the system.
      nixosModules.default =
        { pkgs, ... }:
        {
          imports = [ ./nix/module.nix ];
          kubernetes.bootstrap = lib.mkIf (!(pkgs ? nest-bootstrap) && ownPackages pkgs ? default) {
            package = lib.mkDefault (ownPackages pkgs).default;
          };
        };

      lib = {
        # For flakes of clusters: `apps.x86_64-linux = nest-bootstrap.lib.certificateApps pkgs { names = [ ... ]; };`.
        inherit certificateApps;
        # For nixpkgs without a Swift that builds the program: `nest-bootstrap.lib.fromArchive pkgs ./FILE.tar.gz`.
        fromArchive = pkgs: archive: pkgs.callPackage ./nix/archive.nix { inherit archive; };
      };

      apps = perSystem (pkgs: lib.optionalAttrs (ownPackages pkgs ? default) (certificateApps pkgs { }));

      checks = perSystem (
        pkgs:
        lib.optionalAttrs (ownPackages pkgs ? default) (
          let
            package = (ownPackages pkgs).default;
            # A system with tasks: its task file is checked and its units are made.
            system = lib.nixosSystem {
              modules = [
                self.nixosModules.default
                ./Tests/nix/verbs.nix
                {
                  nixpkgs.pkgs = pkgs;
                  system.stateVersion = lib.trivial.release;
                }
              ];
            };
          in
          {
            inherit package;
            units = system.config.environment.etc."systemd/system".source;
            # A control plane that boots; it needs KVM.
            boot = pkgs.testers.runNixOSTest (import ./Tests/nix/boot-test.nix self.nixosModules.default);
          }
        )
      );
    };
}
