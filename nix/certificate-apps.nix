# Apps of a flake for certificates: certs-recreate renews all, certs-recreate-test those of the test nodes, and
# certs-recreate-NAME one. If they renew a key that signs tokens, the tokens of service accounts become invalid.
# certs-rotate-ca replaces the CA, one step at a time. Each app accepts further flags. An existing set needs the private key
# of an operator: `nix run .#certs-recreate -- --identity FILE`. The apps contain age.
{
  lib,
  pkgs,
  package,
  # The task file, relative to the working directory.
  taskFile ? "./bootstrap.yaml",
  testNodes ? [ ],
  names ? [ ],
}:
let
  app = name: action: flags: {
    type = "app";
    program = "${
      pkgs.writeShellScript name ''
        export PATH=${lib.makeBinPath [ pkgs.age ]}:"$PATH"
        exec ${package}/bin/nest-bootstrap certificates ${action} --config ${lib.escapeShellArg taskFile} ${lib.escapeShellArgs flags} "$@"
      ''
    }";
  };
  recreate = name: app name "renew --all";
  flags =
    flag:
    lib.concatMap (value: [
      flag
      value
    ]);
in
{
  certs-recreate = recreate "certs-recreate" [ ];
  certs-rotate-ca = app "certs-rotate-ca" "rotate-ca" [ ];
}
// lib.optionalAttrs (testNodes != [ ]) {
  certs-recreate-test = recreate "certs-recreate-test" (flags "--node" testNodes);
}
// lib.listToAttrs (
  map (name: {
    name = "certs-recreate-${name}";
    value = recreate "certs-recreate-${name}" (flags "--name" [ name ]);
  }) names
)
