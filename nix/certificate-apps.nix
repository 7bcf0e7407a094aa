# Apps of a flake that renew certificates: certs-recreate all, certs-recreate-test those of the test nodes, and
# certs-recreate-NAME one. Further flags can be given to each; a set that exists needs the key of an operator:
# `nix run .#certs-recreate -- --identity FILE`. age comes with them.
{
  lib,
  pkgs,
  package,
  # The task file, as seen from the directory of the call.
  taskFile ? "./bootstrap.yaml",
  testNodes ? [ ],
  names ? [ ],
}:
let
  app = name: flags: {
    type = "app";
    program = "${
      pkgs.writeShellScript name ''
        export PATH=${lib.makeBinPath [ pkgs.age ]}:"$PATH"
        exec ${package}/bin/nest-bootstrap certificates renew --all --config ${lib.escapeShellArg taskFile} ${lib.escapeShellArgs flags} "$@"
      ''
    }";
  };
  flags =
    flag:
    lib.concatMap (value: [
      flag
      value
    ]);
in
{
  certs-recreate = app "certs-recreate" [ ];
}
// lib.optionalAttrs (testNodes != [ ]) {
  certs-recreate-test = app "certs-recreate-test" (flags "--node" testNodes);
}
// lib.listToAttrs (
  map (name: {
    name = "certs-recreate-${name}";
    value = app "certs-recreate-${name}" (flags "--name" [ name ]);
  }) names
)
