import Base

/// The settings of a unit's files that decide whether its program starts and what it may do.
public struct UnitFileFacts: Sendable, Hashable {
    /// The settings in the order of the files.
    public var settings: [Setting] = []

    /// The commands that run before or after the program, which is not started or is ended if one fails.
    public var commands: [Command] = []

    /// The program of the unit, `nil` if its path is not known.
    public var program: Command?

    /// The settings that name a directory that does not exist.
    public var missingDirectories: [Setting] = []

    /// The settings that name a path as a condition of the start, which is not met.
    public var unmetConditions: [Setting] = []

    /// The settings that require a unit that does not exist, with the unit as their value.
    public var missingUnits: [Setting] = []

    /// A setting with the file in which it is written.
    public struct Setting: Sendable, Hashable {
        public var key: String
        public var value: String
        public var path: String

        public init(_ key: String, _ value: String, in path: String) {
            (self.key, self.value, self.path) = (key, value, path)
        }

        /// The setting as it is written, with its file.
        var place: String { "'\(key)=\(printable(value))' in '\(printable(path))'" }
    }

    /// A command with its result.
    public struct Command: Sendable, Hashable {
        public var setting: Setting
        /// The program of the command.
        public var program: String
        /// Why the program cannot be started, `nil` if nothing is wrong with it.
        public var fault: String?
        /// The advice on the fault.
        public var advice: String?
        /// The exit status or signal with which it has failed, `nil` if it has not, or its failure is ignored.
        public var failure: String?

        public init(_ setting: Setting, program: String, fault: String? = nil, failure: String? = nil) {
            (self.setting, self.program, self.fault, self.failure) = (setting, program, fault, failure)
        }
    }

    /// Returns the setting of a key, `nil` if there is none.
    public func setting(_ key: String) -> Setting? { settings.last { $0.key == key } }

    public init() {}
}
