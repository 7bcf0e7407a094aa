/// The kind of a problem, with a code that never changes.
///
/// Codes are in blocks of a hundred by area. A code that is no longer used is not used again.
public enum ProblemCode: String, Sendable, Hashable, CaseIterable {
    // YAML and file formats.
    case invalidYAML = "NB0101"
    case unclosedQuote = "NB0102"
    case wrongIndentation = "NB0103"
    case unquotedValue = "NB0104"
    case duplicateKey = "NB0105"
    case invalidKey = "NB0106"
    case tagOrAlias = "NB0107"
    case wrongEncoding = "NB0108"
    case documentMarker = "NB0109"
    case limitExceeded = "NB0110"
    case otherFileKind = "NB0111"

    // Keys and values of the task file.
    case unknownKey = "NB0201"
    case missingKey = "NB0202"
    case wrongValue = "NB0203"
    case contradictingKeys = "NB0204"
    case ineffectiveKey = "NB0205"
    case wrongVerbs = "NB0206"
    case invalidName = "NB0207"
    case unreadTaskFile = "NB0208"
    case unresolvedVariable = "NB0209"
    case unusedVariable = "NB0210"
    case ownInput = "NB0211"

    // Names, references and order of tasks.
    case unknownTask = "NB0301"
    case taskNotHere = "NB0302"
    case taskCycle = "NB0303"
    case unknownRole = "NB0304"
    case pathWrittenTwice = "NB0305"
    case objectAppliedTwice = "NB0306"
    case undeclaredDependency = "NB0307"
    case unclearKubeconfig = "NB0308"
    case wrongNodes = "NB0309"
    case misspeltName = "NB0310"

    // The node: files, accounts, programs, addresses.
    case missingFile = "NB0401"
    case permissionDenied = "NB0402"
    case pathInTheWay = "NB0403"
    case changeableByOthers = "NB0404"
    case readableSecret = "NB0405"
    case unknownAccount = "NB0406"
    case missingProgram = "NB0407"
    case programFailed = "NB0408"
    case programTimedOut = "NB0409"
    case systemCallFailed = "NB0410"
    case programWithoutNetwork = "NB0411"
    case unsuitableAddress = "NB0412"
    case blockedConnection = "NB0413"
    case swapEnabled = "NB0414"
    case unitNotRestarted = "NB0415"
    case programInSandbox = "NB0416"
    case unitNotChanged = "NB0417"
    case refusedArchive = "NB0418"
    case imagesNotImported = "NB0419"

    // Certificates, keys and kubeconfigs.
    case certificateNotValidNow = "NB0501"
    case unreadableCertificate = "NB0502"
    case keyMismatch = "NB0503"
    case wrongIssuer = "NB0504"
    case wrongUsage = "NB0505"
    case weakCertificate = "NB0506"
    case wrongKubeconfig = "NB0507"
    case insecureConnection = "NB0508"
    case missingCredentials = "NB0509"
    case decryptionFailed = "NB0510"
    case invalidRecipient = "NB0511"
    case certificateDeclaration = "NB0512"
    case authorityUnusable = "NB0513"
    case rotationStep = "NB0514"
    case signingRequest = "NB0515"
    case certificatesNotSent = "NB0516"

    // Manifests: fields and names.
    case notAnObject = "NB0601"
    case invalidObjectName = "NB0602"
    case unknownField = "NB0603"
    case wrongFieldType = "NB0604"
    case missingField = "NB0605"
    case wrongFieldValue = "NB0606"
    case wrongSelector = "NB0607"
    case danglingReference = "NB0608"
    case repeatedItem = "NB0609"
    case objectTooLarge = "NB0610"
    case invalidBase64 = "NB0611"
    case serverField = "NB0612"
    case readableSecrets = "NB0613"
    case wrongAnnotation = "NB0614"
    case unreadManifest = "NB0615"
    case notFetched = "NB0616"

    // Kinds and versions of the API.
    case unknownKind = "NB0701"
    case unknownVersion = "NB0702"
    case removedAPI = "NB0703"
    case laterAPI = "NB0704"

    // The API server.
    case serverUnreachable = "NB0801"
    case serverNotReady = "NB0802"
    case notAnAPIServer = "NB0803"
    case untrustedServer = "NB0804"
    case credentialsRefused = "NB0805"
    case forbidden = "NB0806"
    case fieldConflict = "NB0807"
    case objectRefused = "NB0808"
    case immutableField = "NB0809"
    case missingNamespace = "NB0810"
    case quotaExceeded = "NB0811"
    case admissionDenied = "NB0812"
    case webhookUnavailable = "NB0813"
    case beingDeleted = "NB0814"
    case waitTimedOut = "NB0815"
    case lockUnavailable = "NB0816"
    case olderVersion = "NB0817"
    case setNotPruned = "NB0818"
    case reportNotSent = "NB0819"
    case interrupted = "NB0820"
    case serverError = "NB0821"

    // Units and other commands.
    case unitsOutdated = "NB0901"
    case runningElsewhere = "NB0902"
    case taskNotSucceeded = "NB0903"
    case resetIncomplete = "NB0904"
    case journalUnreadable = "NB0905"
    case unreadableInventory = "NB0906"

    /// The code that a user has typed in upper or lower case, `nil` if there is none.
    public init?(typed: String) {
        self.init(rawValue: typed.uppercased())
    }

    /// The group of kinds that the code belongs to.
    public var area: Area { Area(rawValue: String(rawValue.prefix(4))) ?? .commands }

    /// The groups of kinds, with the beginning of their codes.
    public enum Area: String, Sendable, Hashable, CaseIterable {
        case formats = "NB01"
        case taskFile = "NB02"
        case references = "NB03"
        case node = "NB04"
        case certificates = "NB05"
        case manifests = "NB06"
        case kinds = "NB07"
        case server = "NB08"
        case commands = "NB09"

        /// The heading of the group in documents.
        public var title: String {
            switch self {
            case .formats: "YAML and file formats"
            case .taskFile: "Keys and values of the task file"
            case .references: "Names, references and order of tasks"
            case .node: "The node: files, accounts, programs, addresses"
            case .certificates: "Certificates, keys and kubeconfigs"
            case .manifests: "Manifests: fields and names"
            case .kinds: "Kinds and versions of the API"
            case .server: "The API server"
            case .commands: "Units and other commands"
            }
        }

        /// The codes of the group, in ascending order.
        public var codes: [ProblemCode] { ProblemCode.allCases.filter { $0.area == self } }
    }
}
