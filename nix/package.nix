# The program: from source if the Swift of nixpkgs can build it, else from the archive of a release.
{
  lib,
  callPackage,
  fetchurl,
  stdenv,
  swift ? null,
}:
let
  inherit (stdenv.hostPlatform) system;
  # Older compilers refuse or crash on some sources.
  neededSwift = "6.3";
  # The archives of the last release by system, with url and sha256; tools/nix-archives writes the file.
  archives = lib.importJSON ./archives.json;
  # nixpkgs may have no Swift, or one that only explains its removal.
  version = builtins.tryEval (swift.version or null);
  found = if version.success then version.value else null;
in
if found != null && lib.versionAtLeast found neededSwift then
  callPackage ./source.nix { }
else if archives ? ${system} then
  callPackage ./archive.nix { archive = fetchurl archives.${system}; }
else
  throw (
    "nest-bootstrap: nixpkgs has ${if found == null then "no Swift" else "Swift ${found}, older than ${neededSwift}"}, and nix/archives.json lists no archive for ${system}; "
    + "set kubernetes.bootstrap.package as docs/nixos.md describes"
  )
