extension CommandHelp {
    static let certificates = CommandHelp(
        summary: "check and renew the certificates of all nodes, and replace their CA",
        description:
            "Compares the certificates and encrypted keys of all nodes with section 'certificates' of the task file, "
            + "and issues those that are due or differ. It runs on the operator's machine. docs/certificates.md "
            + "describes the files.",
        usage: [
            "nest-bootstrap certificates check [FLAG]...", "nest-bootstrap certificates renew [FLAG]...",
            "nest-bootstrap certificates rotate-ca [--step STEP] [FLAG]...",
        ],
        details: [
            "'check' shows the CA and every certificate with its end and its problems, then the files that no "
                + "declaration names and what could not be compared. It changes nothing.",
            "'renew' makes the certificates that have a problem, each with a new key, which the program 'age' "
                + "encrypts to the operators and the node. An existing CA is kept; its key is encrypted again if its "
                + "recipients differ. A CA is made if there is none. Certificates that no declaration names are "
                + "removed, unless '--node' or '--name' is given.",
            "'rotate-ca' replaces the CA in three steps, and after each of them lists what to install and to restart. "
                + "'add' makes the new CA, and adds its certificate to the file of the old one. 'issue' makes all "
                + "certificates by the new CA; the keys of service accounts stay. 'remove' removes the old CA. "
                + "Without '--step' it shows how far the rotation is, and changes nothing.",
            "Keys are never written without encryption. The directory of the set is replaced in one step: if the "
                + "program fails or is killed, the set is as it was.",
        ],
        exitCodes: [
            Row("0", "check: every certificate is as declared; renew, rotate-ca: done"),
            Row("1", "check: a certificate has a problem; renew, rotate-ca: failed; the set is as it was, or complete"),
            Row("64", "wrong usage, also an unknown node or name"),
            Row("65", "the public key of a node is missing or wrong"), Row("78", "the task file is wrong"),
        ],
        examples: [
            "certificates check -c ./bootstrap.yaml",
            "certificates renew -c ./bootstrap.yaml --identity ~/nest.key",
            "certificates renew --name kube-proxy --all --dry-run",
            "certificates rotate-ca --step add -c ./bootstrap.yaml",
        ],
        files: [Row("/etc/nest-bootstrap/bootstrap.yaml", "the task file, if '--config' is not given")],
    )
}
