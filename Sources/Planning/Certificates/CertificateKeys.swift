import Base

/// The keys of the section `certificates`.
enum CertificateKeys {
    static let directory = Key.required(
        "directory",
        .readPath,
        example: "secrets/certs",
        "the directory of the set, which `certificates renew` replaces as a whole"
    )
    static let hostKeys = Key.required(
        "hostKeys",
        .readPath,
        example: "ssh-host-keys",
        "the directory with the nodes' public SSH keys, `HOST/*.pub`, of type ssh-ed25519"
    )
    static let recipients = KeyDescription(
        name: "recipients",
        type: .array(.string),
        presence: .required,
        meaning: "the operators, who can decrypt every key: `age1…` or `ssh-ed25519 …`"
    )
    static let authority = KeyDescription(
        name: "authority",
        type: .mapping(Authority.all),
        presence: .required,
        meaning: "the CA"
    )
    static let defaults = KeyDescription(
        name: "defaults",
        type: .mapping(Defaults.all),
        presence: .optional(default: "none"),
        meaning: "values for certificates that have none of their own"
    )
    static let leaves = KeyDescription(
        name: "leaves",
        type: .dictionary(.mapping(Leaf.all)),
        presence: .required,
        meaning: "the certificates that the CA issues, by name; a drop-in replaces them one by one"
    )
    static let all = [directory.description, hostKeys.description, recipients, authority, defaults, leaves]

    /// The keys of `authority`.
    enum Authority {
        static let name = Key.required(
            "name",
            .certificateName,
            example: "k8s",
            "the beginning of the names of all files"
        )
        static let commonName = Key.required("commonName", .subjectText, example: "Kubernetes CA", "its CN")
        static let organization = Key.optional(
            "organization",
            .organizations,
            default: "that of `defaults`",
            "its O, or a list of them"
        )
        static let validity = DefaultedKey(
            "validity",
            .duration(limit: Limit.certificateValidity),
            default: .seconds(87_600 * 3600),
            text: "`87600h`",
            "how long its certificate is valid"
        )
        static let key = Key.optional("key", .keyType, default: "that of `defaults`", "the type of its key")
        static let all = [
            name.description, commonName.description, organization.description, validity.description, key.description,
        ]
    }

    /// The keys of `defaults`.
    enum Defaults {
        static let organization = Key.optional(
            "organization",
            .organizations,
            default: "none",
            "the O, or a list of them"
        )
        static let validity = DefaultedKey(
            "validity",
            .duration(limit: Limit.certificateValidity),
            default: .seconds(8760 * 3600),
            text: "`8760h`",
            "how long certificates are valid"
        )
        static let key = DefaultedKey("key", .keyType, default: .rsa2048, text: "`rsa-2048`", "the type of the keys")
        static let renewBefore = DefaultedKey(
            "renewBefore",
            .duration(limit: Limit.certificateValidity),
            default: .seconds(720 * 3600),
            text: "`720h`",
            "how long before its end a certificate is due, at most a third of its validity"
        )
        static let owner = DefaultedKey(
            "owner",
            .account("user"),
            default: "root",
            "the owner of the key on the node"
        )
        static let group = Key.optional(
            "group",
            .account("group"),
            default: "the name of the owner",
            "the group of the key on the node"
        )
        static let mode = DefaultedKey(
            "mode",
            .mode,
            default: 0o400,
            text: "`0400`",
            "the permissions of the key on the node, none of them for every user"
        )
        static let all = [
            organization.description, validity.description, key.description, renewBefore.description, owner.description,
            group.description, mode.description,
        ]
    }

    /// The keys of a certificate.
    enum Leaf {
        static let enable = DefaultedKey(
            "enable",
            .boolean,
            default: true,
            "`false` removes the certificate, also one of an earlier file"
        )
        static let roles = Key.optional(
            "roles",
            ValueReader(type: .array(.name("role"))) { RoleList($0) }.ofAtLeastOne,
            default: "every role",
            "the roles whose nodes have the certificate"
        )
        static let commonName = Key.required("commonName", .subjectText, example: "system:node:${node.name}", "the CN")
        static let organization = Key.optional(
            "organization",
            .organizations,
            default: "that of `defaults`",
            "the O, or a list of them"
        )
        static let names = Key.optional(
            "names",
            .list(of: .subjectName, "DNS names and IP addresses", limit: Limit.subjectNameCount),
            default: "none",
            "the DNS names and IP addresses; required for `server auth`"
        )
        static let usages = Key.optional(
            "usages",
            .list(of: .usage, "usages").ofAtLeastOne,
            default: "required",
            "what it is for: `server auth`, `client auth`, and `signing` for tokens"
        )
        static let validity = Key.optional(
            "validity",
            .duration(limit: Limit.certificateValidity),
            default: "that of `defaults`",
            "how long it is valid"
        )
        static let key = Key.optional("key", .keyType, default: "that of `defaults`", "the type of its key")
        static let renewBefore = Key.optional(
            "renewBefore",
            .duration(limit: Limit.certificateValidity),
            default: "that of `defaults`",
            "how long before its end it is due"
        )
        static let owner = Key.optional(
            "owner",
            .account("user"),
            default: "that of `defaults`",
            "the owner of the key on the node; other tasks read no file of a person, whose number is 1000 or more"
        )
        static let group = Key.optional(
            "group",
            .account("group"),
            default: "the name of its `owner`, else that of `defaults`",
            "the group of the key on the node"
        )
        static let mode = Key.optional(
            "mode",
            .mode,
            default: "that of `defaults`",
            "the permissions of the key on the node, none of them for every user"
        )
        static let all = [enable.description, roles.description] + ofTask
        /// The keys of a certificate that a task issues.
        static let ofTask = [
            commonName.description, organization.description, names.description, usages.description,
            validity.description, key.description, renewBefore.description, owner.description, group.description,
            mode.description,
        ]
    }
}
