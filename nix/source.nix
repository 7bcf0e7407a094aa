# The program and its units, from source.
{
  lib,
  swiftPackages,
  swift,
  curl,
  libyaml,
  openssl,
  pkg-config,
  systemd,
}:
swiftPackages.stdenv.mkDerivation {
  pname = "nest-bootstrap";
  version = lib.head (
    builtins.match ".*programVersion = \"([0-9.]+).*" (
      builtins.readFile ../Sources/nest-bootstrap/CommandLine/Version.swift
    )
  );

  # What the build and the installation need, so that a change of another file causes no build.
  src = lib.cleanSourceWith {
    name = "nest-bootstrap-source";
    src = ../.;
    filter =
      path: _:
      lib.elem (lib.head (lib.splitString "/" (lib.removePrefix "${toString ../.}/" path))) [
        "CHANGELOG.md"
        "LICENSE"
        "Package.swift"
        "README.md"
        "Sources"
        "Tests"
        "bootstrap.yaml"
        "examples"
        "manifests"
        "packaging"
        "rbac"
        "tools"
        "units"
      ];
  };

  nativeBuildInputs = [
    pkg-config
    swift
    swiftPackages.swiftpm
  ];
  buildInputs = [
    curl
    libyaml
    openssl
    systemd
  ];

  # The tests start API servers, which a build cannot do.
  doCheck = false;

  postPatch = "patchShebangs tools";

  installPhase = ''
    runHook preInstall
    tools/install "$(swiftpmBinPath)/nest-bootstrap" "$TMPDIR/root" "$out"
    cp -r "$TMPDIR/root$out" "$out"
    # The module creates the units and the user when the system is built.
    rm -r "$out/lib/systemd/system-generators" "$out/lib/sysusers.d"
    runHook postInstall
  '';

  # The program loads libcurl itself.
  postFixup = "patchelf --add-rpath ${lib.getLib curl}/lib $out/bin/nest-bootstrap";

  meta = import ./meta.nix lib;
}
