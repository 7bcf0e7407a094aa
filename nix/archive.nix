# The program and its units, without the examples, from the archive that `make tarball` builds.
{
  lib,
  stdenv,
  autoPatchelfHook,
  curl,
  libyaml,
  openssl,
  systemd,
  archive,
}:
let
  name = builtins.unsafeDiscardStringContext (baseNameOf (toString archive));
  version = builtins.match ".*nest-bootstrap-([0-9.]+)-linux-.*" name;
in
stdenv.mkDerivation {
  pname = "nest-bootstrap";
  version =
    if version != null then
      lib.head version
    else
      throw "'${name}' is not an archive of nest-bootstrap; write the path of nest-bootstrap-VERSION-linux-ARCHITECTURE.tar.gz";
  src = archive;

  # The archive is for other distributions: the hook sets the loader and the paths of the libraries.
  nativeBuildInputs = [ autoPatchelfHook ];
  # The program loads libcurl itself.
  runtimeDependencies = [ (lib.getLib curl) ];
  buildInputs = [
    (lib.getLib libyaml)
    (lib.getLib openssl)
    (lib.getLib stdenv.cc.cc)
    (lib.getLib systemd)
  ];

  dontConfigure = true;
  dontBuild = true;
  # The program is already stripped.
  dontStrip = true;

  installPhase = ''
    runHook preInstall
    cp -r files/usr "$out"
    chmod -R u+w "$out"
    # The module creates the units and the user when the system is built. The list of components contains the digest of the
    # unpatched program.
    rm -r "$out/lib/systemd/system-generators" "$out/lib/sysusers.d" "$out/share/nest-bootstrap/install.sh" \
      "$out/share/doc/nest-bootstrap/sbom.cdx.json"
    find "$out/share" -name bootstrap.yaml -exec sed -i "s|/usr/share/|$out/share/|g" {} +
    runHook postInstall
  '';

  meta = import ./meta.nix lib // {
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
  };
}
