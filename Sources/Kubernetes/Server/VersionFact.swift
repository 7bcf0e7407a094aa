/// A behaviour that API servers of some versions have and others have not, and that the program allows for.
///
/// The APIs that a version brings or takes away are in ``IntroducedAPI`` and ``RemovedAPI``.
public struct VersionFact: Sendable {
    /// The oldest version with the behaviour, `nil` if ``KubernetesVersion/oldest`` has it already.
    public let first: KubernetesVersion?

    /// The newest version with the behaviour, `nil` if ``KubernetesVersion/newest`` still has it.
    public let last: KubernetesVersion?

    /// The behaviour, as a clause without a full stop.
    public let behaviour: String

    /// How the program allows for it, as a clause without a full stop.
    public let handling: String

    private init(since first: Int? = nil, until last: Int? = nil, _ behaviour: String, _ handling: String) {
        (self.first, self.last) = (first.map(KubernetesVersion.init(minor:)), last.map(KubernetesVersion.init(minor:)))
        (self.behaviour, self.handling) = (behaviour, handling)
    }

    /// Returns whether servers of a version have the behaviour.
    public func holds(on version: KubernetesVersion) -> Bool {
        (first.map { $0 <= version } ?? true) && (last.map { version <= $0 } ?? true)
    }

    /// Returns whether a server has the behaviour.
    ///
    /// - Parameter version: Its version, such as `v1.36.2`.
    /// - Returns: `nil` if the text is not a version of Kubernetes.
    func holds(onServer version: String) -> Bool? { KubernetesVersion(version).map(holds(on:)) }
}

extension VersionFact {
    /// All facts, in the order of the versions.
    public static let all = [
        crashingApply, oneConflict, emptyDefaults, sharedEntries, fixedValidity, ignoredFieldValidation, oldJobLabels,
        unnamedEnumerations, validationRules, validatingPolicies, mutatingPolicies,
    ]

    /// The server of 1.20 panics with `FieldManager must be installed to run apply`.
    static let crashingApply = Self(
        until: 20,
        "a server-side apply of an APIService ends with a panic",
        "an APIService is created and updated; decided by the version"
    )

    static let oneConflict = Self(
        until: 20,
        "a conflict names one of the fields that conflict, with its parents",
        "the server is asked again without the field that it named, until it names none"
    )

    public static let emptyDefaults = Self(
        until: 20,
        "a CRD with `default: \"\"` for a field is refused",
        "nothing: the refusal is reported"
    )

    public static let sharedEntries = Self(
        until: 21,
        "managed fields have one entry for all fields of a manager, which does not name a subresource, and none for `scale`",
        "the fields below `status` count as the subresource's; a HorizontalPodAutoscaler is looked for before the number of "
            + "replicas changes"
    )

    public static let fixedValidity = Self(
        until: 21,
        "a CertificateSigningRequest has no `expirationSeconds`",
        "a certificate is taken with the end that the signer gave it"
    )

    static let ignoredFieldValidation = Self(
        until: 24,
        "`fieldValidation=Strict` is ignored: unknown fields of custom resources are dropped without a warning",
        "the manifest is compared with the schema that the server publishes, before it is sent"
    )

    public static let unnamedEnumerations = Self(
        until: 29,
        "the published schema does not list the values of an enumeration",
        "`check` leaves wrong values to the server, which refuses them"
    )

    static let oldJobLabels = Self(
        until: 26,
        "the labels of a Job's pods have no prefix `batch.kubernetes.io/`",
        "both forms count as the server's"
    )

    public static let validationRules = Self(
        since: 25,
        "a CRD may have validation rules in CEL",
        "the refusal of a rule is explained"
    )

    public static let validatingPolicies = Self(
        since: 30,
        "ValidatingAdmissionPolicy is served as v1",
        "the refusal names policy and binding"
    )

    /// Served as v1alpha1 since 1.32 and as v1beta1 since 1.34, both only if they are switched on, and as v1 since 1.36.
    public static let mutatingPolicies = Self(
        since: 32,
        "MutatingAdmissionPolicy may change what is applied",
        "the policies are listed before an object counts as unchanged; decided by the version and by the versions of the API "
            + "that answer"
    )
}
