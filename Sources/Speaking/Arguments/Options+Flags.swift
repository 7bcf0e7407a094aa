/// Making options of the sorted arguments.
extension Options {
    init(_ name: CommandName, names: [String], flags: [GivenFlag]) throws(UsageError) {
        try Self.check(flags, of: name)
        self.init(.check)
        for given in flags {
            switch given.flag.name {
            case "--config": config = given.value
            case "--output": output = try Self.choice("output", given.value, of: name)
            case "--role": role = given.value
            case "--root": root = given.value
            default: break
            }
        }
        command = try Self.command(name, names, flags)
        if case .graph = command, output == .json, flags.contains(where: { $0.flag.name == "--format" }) {
            throw UsageError(
                "'--format' is a picture's, and '--output json' draws none: leave one of them out",
                command: name
            )
        }
    }

    /// Refuses flags of other commands and those that stand twice.
    private static func check(_ flags: [GivenFlag], of command: CommandName) throws(UsageError) {
        var seen: Set<String> = []
        for given in flags {
            let flag = given.flag
            guard flag.commands.contains(command) else {
                let owners = flag.commands.map { "'\($0.rawValue)'" }.joined(separator: " and ")
                let message = "flag '\(flag.name)' is one of \(owners), not of '\(command.rawValue)'"
                throw UsageError(message, command: command)
            }
            guard seen.insert(flag.name).inserted || flag.isRepeatable || flag.value == nil else {
                throw UsageError("flag '\(flag.name)' stands twice", command: command)
            }
        }
    }

    private static func command(
        _ name: CommandName,
        _ names: [String],
        _ flags: [GivenFlag],
    ) throws(UsageError) -> Command {
        switch name {
        case .status: return .status(unique(names))
        case .run:
            try refuse(names, name, hint: ", type '--task \(names.first ?? "NAME")'")
            return .run(try runOptions(flags))
        case .check:
            try refuse(names, name)
            return .check
        case .graph:
            try refuse(names, name)
            guard let format = flags.first(where: { $0.flag.name == "--format" }) else { return .graph(.text) }
            return .graph(try choice("format", format.value, of: name))
        case .units: return .units(try unitsOptions(names))
        }
    }

    /// One directory, or the three of a generator: for units of normal, early and late precedence.
    private static func unitsOptions(_ names: [String]) throws(UsageError) -> UnitsOptions {
        guard let directory = names.first, [1, 3].contains(names.count), !names.contains("") else {
            throw UsageError("'units' takes a directory, or the three of a systemd generator", command: .units)
        }
        return UnitsOptions(directory: directory, isGenerator: names.count == 3)
    }

    private static func refuse(
        _ names: [String],
        _ command: CommandName,
        hint: String = "",
    ) throws(UsageError) {
        guard let name = names.first else { return }
        throw UsageError("'\(command.rawValue)' takes no names: '\(name)'\(hint)", command: command)
    }

    private static func runOptions(_ flags: [GivenFlag]) throws(UsageError) -> RunOptions {
        var options = RunOptions()
        options.tasks = unique(flags.filter { $0.flag.name == "--task" }.map(\.value))
        options.withDependencies = flags.contains { $0.flag.name == "--with-dependencies" }
        options.isDryRun = flags.contains { $0.flag.name == "--dry-run" }
        options.onlyDirectories = flags.contains { $0.flag.name == "--only-directories" }
        if options.isDryRun, options.onlyDirectories {
            throw UsageError("'--dry-run' makes no directories: leave it or '--only-directories' out", command: .run)
        }
        guard options.tasks.isEmpty, options.withDependencies else { return options }
        throw UsageError("flag '--with-dependencies' needs the task whose they are: '--task NAME'", command: .run)
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ kind: String,
        _ value: String,
        of command: CommandName,
    ) throws(UsageError) -> Choice {
        if let choice = Choice(rawValue: value) { return choice }
        throw .unknown(kind, value, among: Choice.allCases.map(\.rawValue), command: command)
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}
