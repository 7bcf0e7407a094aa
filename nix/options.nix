# The options below kubernetes.bootstrap.
{ lib, pkgs }:
let
  inherit (lib) mkOption types;

  # What YAML can express. A path is copied to the store.
  value =
    types.nullOr (
      types.oneOf [
        types.bool
        types.int
        types.float
        text
        (types.attrsOf value)
        (types.listOf value)
      ]
    )
    // {
      # The generated description would be endless.
      description = "YAML value";
    };
  text = types.either types.str types.path;

  # The value of a variable.
  scalar = types.oneOf [
    types.bool
    types.int
    text
  ];
  variables =
    type: description:
    mkOption {
      type = types.attrsOf type;
      default = { };
      inherit description;
    };

  required = type: description: mkOption { inherit type description; };
  optional =
    type: description:
    mkOption {
      type = types.nullOr type;
      default = null;
      inherit description;
    };

  # A key without a value is not written, so the default of the task file applies.
  addressRule = types.submodule {
    options = {
      interfaces = optional (types.listOf types.str) "The interfaces that may have the address, the preferred first; `*` matches any text.";
      skip = optional (types.listOf types.str) "The interfaces that are left out.";
      range = optional types.str "The range that must contain the address, such as 100.64.0.0/10.";
      family = optional (types.enum [
        "ipv4"
        "ipv6"
      ]) "The version of the address.";
    };
  };

  report = types.submodule {
    options = {
      kubeconfig = optional text "The kubeconfig of the user that reports.";
      node = optional types.str "The name of the Node.";
    };
  };

  # A verb of the task file. Only the keys named here have types; docs/task-file/VERB.md describes all.
  verb =
    description: options:
    optional (types.submodule {
      freeformType = types.attrsOf value;
      inherit options;
    }) "${description} docs/task-file describes the keys of the verb. `\${name}` in a string is a variable.";

  verbs = {
    kubeconfig = verb "Writes a kubeconfig." {
      path = required types.str "The file.";
      user = required types.str "The name of the user in the file.";
      certificate = required text "The client certificate.";
      key = required text "The client key.";
    };
    symlink = verb "Creates a symbolic link." {
      path = required types.str "The link.";
      target = required text "What the link points at.";
    };
    file = verb "Writes a file, or unpacks an archive." {
      path = required types.str "The file, or the directory into which an archive is unpacked.";
      source = optional text "The file to copy, or the archive.";
      content = optional types.str "The content of the file.";
      url = optional types.str "The URL of the file or archive.";
      sha256 = optional types.str "The SHA-256 digest of the file or archive.";
      unpack = optional (types.attrsOf value) "The part of the archive to unpack; {} for the whole archive.";
      mode = optional types.str "The permissions, as an octal number in quotes.";
    };
    directory = verb "Creates a directory with its mode and owner." {
      path = required types.str "The directory.";
      mode = optional types.str "The permissions, as an octal number in quotes.";
      owner = optional types.str "The owner.";
      group = optional types.str "The group.";
    };
    certificate = verb "Issues and renews a certificate and its key." {
      path = required types.str "The file of the certificate.";
      key = required types.str "The file of the key.";
      leaf = required (types.either types.str (types.attrsOf value)) "The content of the certificate, or its name in section `certificates`.";
      signer = optional types.str "The signer of the cluster that issues the certificate.";
    };
    decrypt = verb "Decrypts a file that was encrypted to the node with age." {
      path = required types.str "The file.";
      source = required text "The encrypted file.";
      identity = optional types.str "The private key that decrypts the file.";
      certificate = optional text "The certificate that the decrypted key must belong to.";
      mode = optional types.str "The permissions, as an octal number in quotes.";
    };
    apply = verb "Applies manifests." {
      manifests = required (types.listOf (
        types.either text (types.attrsOf types.str)
      )) "Files, directories, and URLs with their digests.";
      conflicts = optional (types.enum [
        "report"
        "force"
        "keep"
      ]) "What happens to fields that another manager has set to another value.";
      substitute = optional types.bool "Whether variables in the manifests are replaced.";
      wait = optional (types.enum [ "rollout" ]) "What the task waits for.";
    };
    exec = verb "Runs a program." {
      script = optional text "The script to run.";
      command = optional text "The command to run.";
      args = optional (types.listOf types.str) "The arguments of the script or command.";
      environment = optional (types.attrsOf types.str) "Environment variables of the script or command.";
      network = optional types.bool "Whether the script or command may use the network.";
    };
    service = verb "Sets the state of a systemd unit, and whether it starts at boot." {
      name = required types.str "The unit; a name without a suffix is that of a service.";
      enable = optional types.bool "Whether systemd starts the unit at boot.";
      state = optional (types.enum [
        "started"
        "stopped"
        "restarted"
        "reloaded"
      ]) "The state of the unit.";
    };
    images = verb "Imports container images from archives." {
      archives = required (types.listOf (types.either text (types.attrsOf types.str))) "Files and pinned URLs of archives.";
      socket = optional types.str "The socket of containerd.";
    };
    wait = verb "Waits until a condition holds." { };
    remove = verb "Removes paths from the node, or deletes objects from the cluster." { };
  };

  task = types.submodule {
    options = verbs // {
      enable = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the task exists. If a task with `apply.prune` is disabled, its objects are deleted, except those that other nodes apply.";
      };
      description = mkOption {
        type = types.str;
        default = "";
        description = "The purpose of the task, on one line.";
      };
      roles = optional (types.listOf types.str) "The roles whose nodes run the task; if null, all.";
      after = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [
          "agenix.service"
          "bootstrap-rbac"
        ];
        description = ''
          Tasks that must have succeeded before this one starts, by name or unit, and systemd units after which this task is
          ordered.
        '';
      };
      wantedBy = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Units that start the task, in addition to k8s-bootstrap.target.";
      };
      timeout = optional types.str "The deadline of the task, such as 10m.";
      restart = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Active units that the task restarts when it has changed something.";
      };
      lock = optional (types.either (types.enum [ "cluster" ]) types.attrs) ''
        `cluster`: the task runs on one node of the cluster at a time. `{ kubeconfig = PATH; }` names the API server.
      '';
      reset = mkOption {
        type = types.lines;
        default = "";
        description = ''
          Commands that `nest-bootstrap reset` runs with `/bin/sh -e`, to undo what it cannot undo itself. Variables are not
          replaced.
        '';
      };
      every = optional types.str "The time between the end of a run of the task and the next run, such as 24h.";
      script = optional text ''
        A script, which bash runs. Variables are not replaced in the script, its arguments, its environment and `preStart`.
      '';
      args = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "The arguments of the script.";
      };
      environment = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Environment variables of the script. `PATH` replaces the packages of `kubernetes.bootstrap.path`.";
      };
      preStart = mkOption {
        type = types.lines;
        default = "";
        description = "Commands that bash runs before the script.";
      };
      network = mkOption {
        type = types.bool;
        default = true;
        description = "Whether the script may use the network.";
      };
      writes = mkOption {
        type = types.listOf types.str;
        default = [ "/" ];
        example = [ "/var/lib/cni/" ];
        description = "Where the script may write; a directory to be created ends with a slash. With `/`, the script sees all files except those that the sandbox hides, such as secrets and sockets of services.";
      };
      reads = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Paths that the script reads, besides the base system and the paths in its arguments and environment. With `/` in `writes`, only hidden paths need this option.";
      };
    };
  };
in
{
  enable = lib.mkEnableOption "the tasks that bootstrap this Kubernetes node";
  package = mkOption {
    type = types.package;
    default = pkgs.nest-bootstrap or (pkgs.callPackage ./package.nix { });
    defaultText = lib.literalExpression "pkgs.nest-bootstrap";
    description = "The program.";
  };
  role = optional types.str "The only role of this node; if null, `nodes` gives the roles.";
  cluster = mkOption {
    default = { };
    description = "Section `cluster` of the task file.";
    type = types.submodule {
      freeformType = types.attrsOf value;
      options = {
        name = optional types.str "The name of the cluster.";
        certificateAuthority = optional text "The CA of the API server's certificate.";
        warnBefore = optional types.str "The time before the expiry of certificates at which warnings begin, such as 168h.";
        servers = optional (types.either types.str (types.attrsOf types.str)) "The API server, or one for each role.";
        nodeAddress = optional addressRule "How the address of a node, `\${node.address}`, is chosen.";
        vip = optional types.str "The virtual IP address that the control planes share.";
        report = optional (types.either types.bool report) "Whether the node reports its state to the cluster, and as which user.";
      };
    };
  };
  nodes = mkOption {
    default = { };
    description = "The nodes, by host name, or by a pattern such as `worker-*`.";
    type = types.attrsOf (
      types.submodule {
        options = {
          role = optional types.str "The only role of the node.";
          roles = optional (types.listOf types.str) "The roles of the node; the first is `\${node.role}`.";
          variables = variables scalar "Variables of the node, which override those of all nodes.";
          address = optional (types.either types.str addressRule) "The address of this node, or how it is chosen, instead of `cluster.nodeAddress`.";
        };
      }
    );
  };
  variables = variables (types.either scalar (types.attrsOf types.str)) ''
    Variables of the task file. `{ each = "cluster.controlPlanes"; text = "\''${node.address}"; separator = ","; }` repeats
    the text for every node of a list.
  '';
  certificates = mkOption {
    type = types.attrsOf value;
    default = { };
    description = "Section `certificates` of the task file, which `nest-bootstrap certificates` reads.";
  };
  path = mkOption {
    type = types.listOf (types.either types.package types.str);
    default = [
      pkgs.bash
      pkgs.coreutils
      pkgs.findutils
      pkgs.gawk
      pkgs.gnugrep
      pkgs.gnused
      pkgs.kubectl
    ];
    defaultText = lib.literalExpression "with pkgs; [ bash coreutils findutils gawk gnugrep gnused kubectl ]";
    description = "Packages whose programs are in the `PATH` of scripts and commands.";
  };
  tasks = mkOption {
    type = types.attrsOf task;
    default = { };
    description = "The tasks, by name. Each becomes the unit k8s-bootstrap-NAME.service.";
  };
  links = mkOption {
    type = types.attrsOf types.str;
    default = { };
    example = {
      "/opt/cni/bin" = "/var/lib/cni/bin";
    };
    description = "Links in place of directories that other programs expect, and the directories below /var/lib to which the links lead.";
  };
}
