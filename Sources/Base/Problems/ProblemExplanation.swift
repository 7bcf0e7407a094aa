/// The explanation of a kind of problem, for `explain` and the documents.
public struct ProblemExplanation: Sendable, Hashable {
    /// An example of the mistake.
    public enum Example: Sendable, Hashable {
        /// A task file that has the problem.
        case taskFile(String)
        /// A manifest that has the problem.
        case manifest(String)
        /// A message, for problems of a node or a server.
        case message(String)

        /// The text of the example.
        public var text: String {
            switch self {
            case .taskFile(let text), .manifest(let text), .message(let text): text
            }
        }
    }

    public let code: ProblemCode
    /// The kind in a few words.
    public let title: String
    /// Why the problem arises.
    public let cause: String
    /// The remedy.
    public let fix: String
    public let example: Example

    init(_ code: ProblemCode, _ title: String, cause: String, fix: String, example: Example) {
        (self.code, self.title, self.cause, self.fix, self.example) = (code, title, cause, fix, example)
    }

    /// All explanations, by their codes.
    private static let all: [ProblemCode: Self] = {
        let lists = [
            ofFormats, ofTaskFiles, ofReferences, ofNodes, ofCertificates, ofManifests, ofKinds, ofServers, ofCommands,
        ]
        return Dictionary(lists.joined().map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })
    }()

    /// The explanation of a code, `nil` if there is none, which a test rules out.
    fileprivate static func of(_ code: ProblemCode) -> Self? { all[code] }
}

extension ProblemCode {
    /// The explanation of the kind.
    public var explanation: ProblemExplanation {
        .of(self) ?? ProblemExplanation(self, rawValue, cause: "", fix: "", example: .message(""))
    }
}
