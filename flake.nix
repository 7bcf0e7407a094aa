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
      certificateApps =
        pkgs: arguments:
        import ./nix/certificate-apps.nix (
          {
            inherit lib pkgs;
            package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;
          }
          // arguments
        );
    in
    {
      packages = perSystem (pkgs: {
        default = pkgs.callPackage ./nix/package.nix { };
      });

      overlays.default = final: _: { nest-bootstrap = final.callPackage ./nix/package.nix { }; };

      nixosModules.default = ./nix/module.nix;

      # For flakes of clusters: `apps.x86_64-linux = nest-bootstrap.lib.certificateApps pkgs { names = [ ... ]; };`.
      lib = { inherit certificateApps; };

      apps = perSystem (pkgs: certificateApps pkgs { });

      # A system with tasks: its task file is checked and its units are made.
      checks = perSystem (
        pkgs:
        let
          system = lib.nixosSystem {
            modules = [
              self.nixosModules.default
              ./Tests/nix/verbs.nix
              {
                nixpkgs.pkgs = pkgs;
                kubernetes.bootstrap.package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;
                system.stateVersion = lib.trivial.release;
              }
            ];
          };
        in
        {
          package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;
          units = system.config.environment.etc."systemd/system".source;
        }
      );
    };
}
