/// A behaviour that differs between versions of the API server, and the way in which the program handles it.
struct VersionFact: Sendable {
    /// The oldest version with the behaviour, `nil` if the oldest version that is supported, 1.20, has it already.
    let first: KubernetesVersion?

    /// The newest version with the behaviour, `nil` if the newest version still has it.
    let last: KubernetesVersion?

    /// The behaviour, as a clause without a full stop.
    let behaviour: String

    /// How the program handles the behaviour, as a clause without a full stop.
    let handling: String

    private init(since first: Int? = nil, until last: Int? = nil, _ behaviour: String, _ handling: String) {
        (self.first, self.last) = (first.map(KubernetesVersion.init(minor:)), last.map(KubernetesVersion.init(minor:)))
        (self.behaviour, self.handling) = (behaviour, handling)
    }

    /// Returns whether servers of a version have the behaviour.
    func holds(on version: KubernetesVersion) -> Bool {
        (first.map { $0 <= version } ?? true) && (last.map { version <= $0 } ?? true)
    }

    /// Returns whether a server has the behaviour.
    ///
    /// - Parameter version: The server's version, such as `v1.36.2`.
    /// - Returns: `nil` if the text is not a version of Kubernetes.
    func holds(onServer version: String) -> Bool? { KubernetesVersion(version).map(holds(on:)) }
}

extension VersionFact {
    /// All facts: behaviours that ended, by their last versions, then behaviours that began, by their first versions.
    static let all = [
        crashingApply, oneConflict, emptyDefaults, sharedEntries, fixedValidity, unnamedEnumerations,
        ignoredFieldValidation, oldJobLabels, validationRules, validatingPolicies, mutatingPolicies,
    ]

    /// The 1.20 server panics with `FieldManager must be installed to run apply`.
    static let crashingApply = Self(
        until: 20,
        "a server-side apply of an APIService ends with a panic",
        "an APIService is created and updated; decided by the version"
    )

    static let oneConflict = Self(
        until: 20,
        "a conflict may name only one of several fields, with its parents",
        "the server is asked again without the field that it named, until it names none"
    )

    static let emptyDefaults = Self(
        until: 20,
        "a CRD with `default: \"\"` for a field is refused",
        "nothing: the refusal is reported"
    )

    static let sharedEntries = Self(
        until: 21,
        "managed fields have one entry for all fields of a manager, which does not name a subresource, and none for `scale`",
        "the fields below `status` count as the subresource's; a HorizontalPodAutoscaler is looked for before the number of "
            + "replicas changes"
    )

    static let fixedValidity = Self(
        until: 21,
        "a CertificateSigningRequest has no `expirationSeconds`",
        "a certificate is accepted with the expiry that the signer chose"
    )

    static let unnamedEnumerations = Self(
        until: 23,
        "the published schema does not list the values of an enumeration",
        "`check` leaves wrong values to the server, which refuses them"
    )

    static let ignoredFieldValidation = Self(
        until: 24,
        "`fieldValidation=Strict` is ignored: unknown fields are dropped without a warning",
        "the manifest is compared with the schema that the server publishes, before it is sent"
    )

    static let oldJobLabels = Self(
        until: 26,
        "the labels of a Job's pods have no prefix `batch.kubernetes.io/`",
        "labels of both forms are treated as set by the server"
    )

    static let validationRules = Self(
        since: 25,
        "a CRD may have validation rules in CEL",
        "a refusal by such a rule is explained"
    )

    static let validatingPolicies = Self(
        since: 30,
        "ValidatingAdmissionPolicy is served as v1",
        "the refusal names the policy and its binding"
    )

    /// Served as v1alpha1 since 1.32 and as v1beta1 since 1.34, both only if enabled, and as v1 since 1.36.
    static let mutatingPolicies = Self(
        since: 32,
        "MutatingAdmissionPolicy may change what is applied",
        "the policies are listed before an object counts as unchanged; decided by the version and by the versions of the API "
            + "that answer"
    )
}
