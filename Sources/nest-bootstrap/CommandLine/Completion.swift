import Base
import Planning

/// A word that may follow those that were typed.
struct Candidate: Sendable, Hashable {
    /// The word.
    var word: String
    /// What it means, in a few words; empty if there is nothing to say.
    var meaning: String

    init(_ word: String, _ meaning: String = "") {
        self.word = word
        self.meaning = meaning
    }
}

/// What may follow on a command line.
enum Completion: Sendable, Hashable {
    /// One of some words.
    case words([Candidate])
    /// A path.
    case file
    /// The path of a directory.
    case directory

    /// What the script of a shell reads: a word and its meaning a line, or `:file` or `:directory`.
    var text: String {
        switch self {
        case .words(let candidates): candidates.map { "\($0.word)\t\($0.meaning)\n" }.joined()
        case .file: ":file\n"
        case .directory: ":directory\n"
        }
    }
}

/// Finds what may follow on a command line.
struct Completer {
    /// The words after the name of the program; the last one is being typed, and may be empty.
    let words: [String]

    /// What may be at the place of the last word, whose beginning is typed already.
    var completion: Completion {
        guard case .words(let candidates) = unfiltered else { return unfiltered }
        return .words(candidates.filter { $0.word.hasPrefix(current) })
    }

    private var current: String { words.last ?? "" }

    private var earlier: ArraySlice<String> { words.dropLast() }

    private var command: CommandName? {
        earlier.lazy.filter { !$0.hasPrefix("-") }.first.flatMap(CommandName.init)
    }

    private var unfiltered: Completion {
        if let equals = current.firstIndex(of: "="), current.hasPrefix("--") {
            let name = String(current[..<equals])
            guard case .words(let values) = value(of: name) else { return value(of: name) }
            return .words(values.map { Candidate("\(name)=\($0.word)", $0.meaning) })
        }
        if let flag = earlier.last.flatMap({ Flag.named($0, of: command) }), flag.value != nil, !flag.isValueOptional,
            flag.name == earlier.last || flag.shortName == earlier.last
        {
            return value(of: flag.name)
        }
        if current.hasPrefix("-") {
            let common = [Candidate("--help", "show the help"), Candidate(Flag.versionName, "show the version")]
            let flags = command?.shownFlags ?? []
            return .words(flags.map { Candidate($0.name, $0.help) } + (command == nil ? common : [common[0]]))
        }
        return names
    }

    /// The values of a flag.
    private func value(of name: String) -> Completion {
        guard let flag = Flag.named(name, of: command), let value = flag.value else { return .words([]) }
        if value.contains("|") { return .words(value.split(separator: "|").map { Candidate(String($0)) }) }
        switch value {
        case "FILE": return .file
        case "DIR": return .directory
        case "NAME" where flag.name == "--task": return .words(tasks)
        default: return .words([])
        }
    }

    /// What a command takes that is no flag.
    private var names: Completion {
        guard let command else {
            let commands = CommandName.shown.map { Candidate($0.rawValue, $0.help.summary) }
            return earlier.first == "help"
                ? .words(commands) : .words(commands + [Candidate("help", "show the help of a command")])
        }
        let isFirst = positional.count == 1
        return switch command {
        case .status, .diff, .logs, .supervise: .words(tasks)
        case .certificates: .words(isFirst ? CertificatesOptions.Action.allCases.map { Candidate($0.rawValue) } : [])
        case .importing: isFirst ? .words(ImportSource.Format.allCases.map { Candidate($0.rawValue) }) : .file
        case .explain:
            .words(isFirst ? ReferencedKey.all.map { Candidate($0.shortPath, $0.description.meaning) } : [])
        case .completion: .words(isFirst ? Shell.allCases.map { Candidate($0.rawValue) } : [])
        case .units: .directory
        case .run, .timeline, .check, .graph, .rbac, .reset, .initialise, .schema, .manual: .words([])
        }
    }

    /// The tasks of this node in the task file that the flags name, as far as it can be read.
    private var tasks: [Candidate] {
        var options = Options(.check(nil))
        (options.config, options.role, options.hostName) = (given.config, given.role, given.hostName)
        guard let configuration = try? Configuration(checking: options) else { return [] }
        return configuration.plan.steps.map { Candidate($0.task.name, $0.task.description ?? $0.task.verb.name) }
    }

    /// The words before the current one that are no flags, and the values of none.
    private var positional: [String] {
        var result: [String] = []
        var rest = earlier
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                result.append(word)
                continue
            }
            let flag = Flag.named(word, of: command)
            if flag?.value != nil, flag?.isValueOptional == false { _ = rest.popFirst() }
        }
        return result
    }

    /// The values of the flags that were typed, as far as they are understood.
    private var given: FlagValues {
        var values = FlagValues()
        guard let command else { return values }
        for (word, next) in zip(earlier, earlier.dropFirst()) {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard word.hasPrefix("-"), let flag = Flag.named(parts[0], of: command), flag.value != nil else { continue }
            try? flag.set(&values, parts.count == 2 ? parts[1] : next, command)
        }
        return values
    }
}

/// The shells whose completion the program knows.
enum Shell: String, Sendable, Hashable, CaseIterable {
    case bash, zsh, fish

    /// The script that the shell reads; it asks the program for what may follow.
    var script: String {
        switch self {
        case .bash:
            """
            # Completion of nest-bootstrap for bash: nest-bootstrap completion bash
            _nest_bootstrap() {
                local IFS=$'\\n' line before="${COMP_LINE:0:COMP_POINT}" words=() typed
                # Bash splits words at '=' and ':'; the program does not.
                IFS=' ' read -r -a words <<<"$before"
                [[ $before == *' ' ]] && words+=('')
                typed=${words[-1]}
                COMPREPLY=()
                while IFS= read -r line; do
                    case $line in
                    :file) compopt -o filenames; COMPREPLY+=($(compgen -f -- "${typed#*=}")) ;;
                    :directory) compopt -o filenames; COMPREPLY+=($(compgen -d -- "${typed#*=}")) ;;
                    *)
                        line=${line%%$'\\t'*}
                        # What is before '=' is there already.
                        [[ $typed == *=* ]] && line=${line#*=}
                        COMPREPLY+=("$line")
                        ;;
                    esac
                done < <("${words[0]}" completion --words -- "${words[@]:1}" 2>/dev/null)
            }
            complete -F _nest_bootstrap nest-bootstrap

            """
        case .zsh:
            """
            #compdef nest-bootstrap
            # Completion of nest-bootstrap for zsh: nest-bootstrap completion zsh
            _nest_bootstrap() {
                local line
                local -a described
                for line in "${(@f)$("${words[1]}" completion --words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
                    case $line in
                    :file) _files ;;
                    :directory) _files -/ ;;
                    ?*) described+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}") ;;
                    esac
                done
                (( $#described )) && _describe 'nest-bootstrap' described
            }
            if [ "$funcstack[1]" = _nest_bootstrap ]; then _nest_bootstrap; else compdef _nest_bootstrap nest-bootstrap; fi

            """
        case .fish:
            """
            # Completion of nest-bootstrap for fish: nest-bootstrap completion fish
            function __nest_bootstrap
                set -l words (commandline -opc) (commandline -ct)
                set -l lines ($words[1] completion --words -- $words[2..-1] 2>/dev/null)
                switch "$lines[1]"
                    case :file
                        __fish_complete_path (commandline -ct)
                    case :directory
                        __fish_complete_directories (commandline -ct) ''
                    case '*'
                        printf '%s\\n' $lines
                end
            end
            complete -c nest-bootstrap -f -a '(__nest_bootstrap)'

            """
        }
    }
}
