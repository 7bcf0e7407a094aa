# The task file of a node, from the values of its options: text, units and assertions.
{ lib, pkgs }:
{ cfg, hostName }:
let
  option = "kubernetes.bootstrap";

  present = lib.filterAttrs (_: value: value != null);
  # JSON of each item on a line of its own, so that a message about a line is about one task.
  lines =
    items:
    "{\n"
    + lib.concatStringsSep ",\n" (lib.mapAttrsToList (name: item: "${builtins.toJSON name}: ${item}") items)
    + "\n}";

  # The options of scripts are literal: they have no variables of the task file.
  literal = builtins.replaceStrings [ "\${" ] [ "$\${" ];

  # What a program needs that the rest of the system must not provide.
  shell = "${pkgs.bash}/bin/bash";
  path = {
    PATH = lib.makeBinPath cfg.path;
  };

  verbNames = [
    "apply"
    "certificate"
    "decrypt"
    "directory"
    "exec"
    "file"
    "images"
    "kubeconfig"
    "remove"
    "script"
    "service"
    "symlink"
    "wait"
  ];
  # The tasks of option `script`, with the paths of their scripts.
  scripts = lib.mapAttrs (_: task: "${task.script}") (
    lib.filterAttrs (_: task: task.script != null) enabled
  );
  # Whether a text is the path of a script, and not commands or a command line.
  isScriptPath =
    script:
    lib.hasPrefix "/" script
    && (lib.hasPrefix builtins.storeDir script || builtins.match ".*[[:space:]].*" script == null);

  # The options of scripts, with the values that they have if nobody sets them.
  ofScripts = {
    args = [ ];
    environment = { };
    network = true;
    preStart = "";
    reads = [ ];
    writes = [ "/" ];
  };
  ofScriptsIn = task: lib.filter (key: task.${key} != ofScripts.${key}) (lib.attrNames ofScripts);

  # Private keys that everybody could read as a file of the store.
  storedKeysOf =
    task:
    lib.filterAttrs (_: key: key != null && lib.hasPrefix builtins.storeDir "${key}") {
      "kubeconfig.key" = task.kubeconfig.key or null;
      "decrypt.identity" = task.decrypt.identity or null;
      "certificate.ca.key" = task.certificate.ca.key or null;
    };

  verbsOf = task: lib.filter (name: task.${name} != null) verbNames;

  scriptOf = task: {
    inherit shell;
    inherit (task) network writes;
    script = literal "${task.script}";
    environment = path // lib.mapAttrs (_: literal) task.environment;
  }
  // lib.optionalAttrs (task.args != [ ]) { args = map literal task.args; }
  // lib.optionalAttrs (task.reads != [ ]) { inherit (task) reads; }
  // lib.optionalAttrs (task.preStart != "") { preStart = literal task.preStart; };

  commandOf = exec: { inherit shell; } // present exec // {
    environment = path // (if exec.environment == null then { } else exec.environment);
  };

  entryOf =
    task:
    present { inherit (task) roles timeout every lock; }
    // lib.optionalAttrs (task.description != "") { description = literal task.description; }
    // lib.optionalAttrs (task.after != [ ]) { inherit (task) after; }
    // lib.optionalAttrs (task.wantedBy != [ ]) { inherit (task) wantedBy; }
    // lib.optionalAttrs (task.restart != [ ]) { inherit (task) restart; }
    // lib.optionalAttrs (task.reset != "") { reset = literal task.reset; }
    // lib.mapAttrs (_: present) (
      lib.filterAttrs (name: value: lib.elem name verbNames && name != "script" && value != null) task
    )
    // lib.optionalAttrs (task.exec != null) { exec = commandOf task.exec; }
    // lib.optionalAttrs (task.script != null) { exec = scriptOf task; };

  enabled = lib.filterAttrs (_: task: task.enable) cfg.tasks;

  # A disabled task with `prune` deletes its objects.
  prunedOf = task: if task.apply == null then false else task.apply.prune or false;
  removed = lib.filterAttrs (_: task: !task.enable && prunedOf task != false && prunedOf task != null) cfg.tasks;
  removalOf =
    name: task:
    let
      prune = prunedOf task;
      after = lib.filter (dependency: cfg.tasks.${taskOf dependency}.enable or true) task.after;
    in
    present { inherit (task) roles timeout; }
    // lib.optionalAttrs (after != [ ]) { inherit after; }
    // {
      remove = {
        set = if lib.isAttrs prune && prune.set or null != null then prune.set else name;
      }
      // present { kubeconfig = task.apply.kubeconfig or null; };
    };
  entries = lib.mapAttrs (_: entryOf) enabled // lib.mapAttrs removalOf removed;

  # What `nodes` has of this node: the entry of its name, or else of the longest pattern.
  matches =
    pattern:
    builtins.match (lib.concatMapStringsSep ".*" lib.escapeRegex (lib.splitString "*" pattern)) hostName
    != null;
  patterns = lib.sort (a: b: lib.stringLength a > lib.stringLength b) (
    lib.filter matches (lib.attrNames cfg.nodes)
  );
  own = lib.head (lib.filter (name: cfg.nodes ? ${name}) ([ hostName ] ++ patterns) ++ [ null ]);
  rolesOf = node: if node.roles != null then node.roles else lib.optional (node.role != null) node.role;
  ownRoles = if own == null then [ ] else rolesOf cfg.nodes.${own};
  roles = if cfg.role != null then [ cfg.role ] else ownRoles;

  # A mapping without keys is a value as well.
  keyWith =
    key: content:
    lib.optionalAttrs (content != null) {
      ${key} = if lib.isAttrs content then present content else content;
    };
  nodeOf =
    _: node:
    present { inherit (node) role roles; }
    // lib.optionalAttrs (node.variables != { }) { inherit (node) variables; }
    // keyWith "address" node.address;
  # The node itself is there also if only `role` is set, so that the program knows the role without flags.
  sections = lib.filterAttrs (_: value: value != { }) {
    cluster = present cfg.cluster // keyWith "nodeAddress" cfg.cluster.nodeAddress // keyWith "report" cfg.cluster.report;
    nodes =
      lib.optionalAttrs (cfg.role != null && own == null && hostName != "") {
        ${hostName} = { inherit (cfg) role; };
      }
      // lib.mapAttrs nodeOf cfg.nodes;
    inherit (cfg) variables certificates;
  };

  taskOf = name: lib.removePrefix "k8s-bootstrap-" (lib.removeSuffix ".service" name);
  isTask =
    name:
    let
      suffixes = "automount|device|mount|path|scope|service|slice|socket|swap|target|timer";
    in
    lib.hasPrefix "k8s-bootstrap-" name && lib.hasSuffix ".service" name
    || builtins.match ".+\\.(${suffixes})" name == null;

  assertionsOf =
    name: task:
    let
      verbs = verbsOf task;
      here = "${option}.tasks.${name}";
    in
    [
      {
        assertion = builtins.match "[a-z0-9]([a-z0-9-]*[a-z0-9])?" name != null && name != "health";
        message = "${here}: '${name}' cannot be the name of a task; use lowercase letters, digits and hyphens, and not 'health'";
      }
      {
        assertion = verbs != [ ];
        message = "${here}: the task has no verb; set one of ${lib.concatStringsSep ", " verbNames}";
      }
      {
        assertion = lib.length verbs < 2;
        message = "${here}: ${lib.concatStringsSep " and " verbs} are set, but a task has one of them; write two tasks";
      }
      {
        assertion = !(scripts ? ${name}) || isScriptPath scripts.${name};
        message = "${here}.script: '${lib.head (lib.splitString "\n" (scripts.${name} or ""))}' is not the path of a script; write pkgs.writeShellScript \"${name}\" \"COMMANDS\", or set exec.command and exec.args";
      }
      {
        assertion = task.exec == null || task.exec.script == null || isScriptPath "${task.exec.script}";
        message = "${here}.exec.script is not the path of a script; write pkgs.writeShellScript \"${name}\" \"COMMANDS\", or set exec.command and exec.args";
      }
      {
        assertion =
          task.exec == null || task.exec.command == null || builtins.match ".*[[:space:]].*" "${task.exec.command}" == null;
        message = "${here}.exec.command is one program; put its arguments into exec.args";
      }
      {
        assertion = task.script != null || ofScriptsIn task == [ ];
        message = "${here}.${lib.concatStringsSep ", " (ofScriptsIn task)}: only applies to 'script'; for another program, set the keys of exec";
      }
      {
        assertion = storedKeysOf task == { };
        message = "${here}.${lib.concatStringsSep ", " (lib.attrNames (storedKeysOf task))}: a private key in the store can be read by every user; write the path that it has on the node, as a string";
      }
      {
        assertion = roles != [ ] || task.roles == null || task.roles == [ ];
        message = "${here}.roles: this node, '${hostName}', has no role; set ${option}.role or ${option}.nodes.${hostName}.role";
      }
    ]
    ++ lib.concatMap (dependency: [
      {
        assertion = cfg.tasks ? ${taskOf dependency};
        message =
          "${here}.after: '${dependency}' is not a task of ${option}.tasks"
          + lib.optionalString (!lib.hasSuffix ".service" dependency) "; for a unit, write '${dependency}.service'";
      }
      {
        assertion = cfg.tasks.${taskOf dependency}.enable or true;
        message = "${here}.after: '${dependency}' is disabled by ${option}.tasks.${taskOf dependency}.enable; remove it here, or disable this task as well";
      }
    ]) (lib.filter isTask task.after);
in
{
  inherit roles scripts;

  # The tasks that this node runs.
  tasks = lib.filterAttrs (
    _: task: task.roles == null || task.roles == [ ] || lib.any (role: lib.elem role task.roles) roles
  ) enabled;

  taskFile =
    let
      json = lib.mapAttrs (_: builtins.toJSON);
    in
    lines (json sections // { tasks = lines (json entries); }) + "\n";

  # Differs if what the task does has changed.
  fingerprint =
    name:
    builtins.hashString "sha256" (
      builtins.toJSON [
        sections
        roles
        entries.${name}
      ]
    );

  assertions = [
    {
      assertion = hostName != "";
      message = "networking.hostName is empty, but ${option} needs the name of the node; set networking.hostName";
    }
    {
      assertion = cfg.role == null || ownRoles == [ ] || [ cfg.role ] == ownRoles;
      message = "${option}.role is '${toString cfg.role}', but ${option}.nodes.${builtins.toJSON (toString own)} has '${lib.concatStringsSep ", " ownRoles}'; remove one of them";
    }
    {
      assertion = roles != [ ] || !(lib.isAttrs cfg.cluster.servers);
      message = "${option}.cluster.servers lists servers by role, but this node, '${hostName}', has no role; set ${option}.role or ${option}.nodes.${hostName}.role";
    }
  ]
  ++ lib.mapAttrsToList (link: directory: {
    assertion =
      lib.all (path: lib.hasPrefix "/" path && builtins.match ".*[[:space:]].*" path == null) [
        link
        directory
      ]
      && link != directory;
    message = "${option}.links.${builtins.toJSON link}: '${link}' and '${directory}' must be two absolute paths without spaces";
  }) cfg.links
  ++ lib.concatLists (lib.mapAttrsToList assertionsOf enabled);
}
