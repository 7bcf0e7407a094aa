public import Testing

/// A NixOS module with tasks, evaluated by the scripts of `Tests/nix`.
public struct NixModule: Sendable {
    /// Where everything that is made of it is.
    public let directory: String

    public static let scriptsDirectory = TestCluster.sourceRoot + "/Tests/nix"

    /// Whether Nix and the library of nixpkgs are here.
    static let isAvailable: Bool = {
        let library = (try? Files.exists(TestCluster.sourceRoot + "/../shared/inputs/nixpkgs-lib.tar.xz")) == true
        return library && ChildProcess.isInstalled("nix-instantiate")
    }()

    /// The expression of a module of `Tests/nix`.
    public static func file(_ name: String) -> String { "import \(scriptsDirectory)/\(name).nix" }

    /// Evaluates a module, of which nothing is made.
    public static func evaluate(_ expression: String) async throws(SupportError) -> ToolResult {
        try await evaluate(function: "import \(scriptsDirectory)/module.nix { modules = [ (\(expression)) ]; }")
    }

    /// Runs `nix flake check` on the project's flake, with other packages than those of nixpkgs, and evaluates outputs.
    ///
    /// * `function`: A function of `{ self, pkgs }`, as Nix text.
    /// * `archives`: The path of a file instead of `nix/archives.json`, or `nil` for that file.
    public static func flake(_ function: String, swift: String = "6.3", archives: String? = nil) async throws -> JSON {
        let arguments = [TemporaryDirectory.file("flake"), swift, function] + (archives.map { [$0] } ?? [])
        let result = try await Tool.run("\(scriptsDirectory)/check-flake", arguments)
        guard result.status == 0 else { throw ToolFailure(command: "check-flake", result: result) }
        return try result.output.json
    }

    /// Runs the program of an archive in a root that has only `/nix/store`, after the steps of `nix/archive.nix`.
    ///
    /// * `arguments`: The arguments of the program, whose paths are below `archive/root` of the test's directory.
    public static func run(
        archive: String,
        phase: String,
        _ arguments: [String]
    ) async throws(SupportError) -> ToolResult {
        let directory = TemporaryDirectory.file("archive")
        return try await Tool.run("\(scriptsDirectory)/run-archive", [directory, archive, phase] + arguments)
    }

    public static func evaluateOptions() async throws(SupportError) -> ToolResult {
        try await evaluate(function: file("options"))
    }

    private static func evaluate(function: String) async throws(SupportError) -> ToolResult {
        try await Tool.run("\(scriptsDirectory)/evaluate", [TemporaryDirectory.file("nix"), function])
    }

    /// Makes of a module what NixOS makes of it.
    public init(_ expression: String) async throws {
        directory = TemporaryDirectory.file("nix")
        let arguments = [directory, TestNode.program, expression]
        let result = try await Tool.run("\(Self.scriptsDirectory)/make-system", arguments)
        guard result.status == 0 else { throw ToolFailure(command: "make-system", result: result) }
    }

    /// Evaluates a module with another one than the project's, whose files in the store have the same paths.
    ///
    /// * `other`: The name of the other module's file in `Tests/nix`, without its extension.
    public func evaluate(_ expression: String, instead other: String) async throws(SupportError) -> ToolResult {
        let module = "\(Self.scriptsDirectory)/\(other).nix"
        let function =
            "import \(Self.scriptsDirectory)/module.nix { module = \(module); modules = [ (\(expression)) ]; }"
        return try await Tool.run("\(Self.scriptsDirectory)/evaluate", [directory, function])
    }

    public func text(_ path: String) throws(SupportError) -> String {
        try Files.text("\(directory)/\(path)")
    }
}

extension Trait where Self == ConditionTrait {
    public static var needsNix: Self {
        .enabled(if: NixModule.isAvailable, "no Nix or no library of nixpkgs; run make setup")
    }
}
