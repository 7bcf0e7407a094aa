extension Flag {
    /// The flags of `certificates`.
    static let certificateFlags: [Flag] = [
        Flag(
            "--node",
            "HOST",
            of: [.certificates],
            isRepeatable: true,
            "only the certificates of this node; may be given several times"
        ) { values, value, _ in values.certificates.nodes.append(value) },
        Flag(
            "--name",
            "NAME",
            of: [.certificates],
            isRepeatable: true,
            "only the certificates of this name, such as kubelet; may be given several times"
        ) { values, value, _ in values.certificates.names.append(value) },
        Flag("--all", of: [.certificates], "renew: also what is not due and as declared") { values, _, _ in
            values.certificates.isForced = true
        },
        Flag(
            "--step",
            "add|issue|remove",
            of: [.certificates],
            "rotate-ca: do this step, if it is the next one (default: show which one is)"
        ) { (values, value, command) throws(UsageError) in
            values.certificates.step = try choice("step", value, of: command)
        },
        Flag(
            "--confirm",
            of: [.certificates],
            "rotate-ca: every node has the files of the step before, and what uses them was restarted"
        ) { values, _, _ in values.certificates.isConfirmed = true },
        Flag(
            "--identity",
            "FILE",
            of: [.certificates],
            isRepeatable: true,
            "a private key of an operator, of age or SSH, that decrypts the keys of the set; needed to issue certificates "
                + "with the key of an existing CA"
        ) { values, value, _ in values.certificates.identities.append(value) },
    ]
}
