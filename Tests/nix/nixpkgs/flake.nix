# A flake in the place of nixpkgs, with its real `lib`: of its packages there are only the names. Tests/nix/check-flake
# adds `lib`, `stubs.nix` and `swift.json`, the version of Swift.
{
  outputs = _: rec {
    lib = import ./lib // {
      nixosSystem = { modules }: import ./system.nix { inherit lib modules; };
    };
    legacyPackages = lib.genAttrs [ "aarch64-linux" "x86_64-linux" ] (
      system:
      import ./packages.nix {
        inherit lib system;
        swift = lib.importJSON ./swift.json;
      }
    );
  };
}
