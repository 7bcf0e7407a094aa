extension CommandHelp {
    static let initialise = CommandHelp(
        summary: "write a first task file for this machine",
        description: "Looks at this machine and writes a task file with comments that passes 'check', to begin with.",
        usage: ["nest-bootstrap init [FLAG]..."],
        details: [
            "It looks at the host name, at the files of kubeadm, k3s, agenix and NixOS, at existing kubeconfigs and "
                + "certificates, and at the network interfaces. Of a kubeconfig it takes the address of the API "
                + "server. It asks no server, and writes nothing but FILE.",
            "With '--root' the host name is that of DIR/etc/hostname if there is one, and interfaces are not looked "
                + "at.",
        ],
        exitCodes: [Row("0", "written"), Row("1", "the file exists or cannot be written"), Row("64", "wrong usage")],
        examples: [
            "init", "init --output /etc/nest-bootstrap/bootstrap.yaml --force",
            "init --root /mnt --host-name cp1 -o bootstrap.yaml",
        ],
        files: [
            Row("/etc/kubernetes", "what kubeadm has made"), Row("/etc/rancher/k3s", "what k3s has made"),
            Row("/run/agenix", "decrypted credentials"),
        ],
    )
}
