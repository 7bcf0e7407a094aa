extension CommandHelp {
    static let importing = CommandHelp(
        summary: "print the nodes of another tool's inventory as a drop-in",
        description:
            "Reads the inventory of another tool and prints it as a drop-in of the task file: the cluster's name "
            + "and virtual IP address, and the nodes with their roles, addresses and variables.",
        usage: ["nest-bootstrap import nico FILE", "nest-bootstrap import plans DIR"],
        details: [
            "'nico' reads the cluster.nix of the NICO operator, or the same as JSON. A Nix file is evaluated by "
                + "nix-instantiate, which reads no other file and connects to nothing, and has 20 seconds.",
            "'plans' reads hosts.csv, k3s.csv and network.yaml in DIR.",
            "Every mistake is one line on standard error: FILE:LINE:COLUMN: problem; hint. Then nothing is printed on "
                + "standard output. docs/import.md describes the files and what becomes of them.",
        ],
        exitCodes: [
            Row("0", "printed"), Row("1", "Nix cannot be run, or output was lost"), Row("64", "wrong usage"),
            Row("78", "the inventory is wrong, or cannot be read"),
        ],
        examples: [
            "import nico cluster.nix > bootstrap.d/10-nodes.yaml",
            "import nico cluster.json | diff bootstrap.d/10-nodes.yaml -",
            "import plans ./plans > bootstrap.d/10-nodes.yaml",
        ],
        files: [
            Row("hosts.csv", "plans: the machines"), Row("k3s.csv", "plans: the servers and agents of k3s"),
            Row("network.yaml", "plans: the network of all"),
        ],
    )
}
