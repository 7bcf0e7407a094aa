import Base
import Execution
import Glibc
import Host
import Planning

/// The path in `creates` that does not exist although the program succeeded.
struct MissingProduct {
    /// The path in `creates`.
    let path: String
    /// The location of the path, in the root if there is one.
    let location: String
    /// The directory below which the program should write, empty if there is none.
    let root: String
    let declaration: ExecDeclaration
    /// The command as it was run.
    let command: Command

    /// The reason why the path does not exist, as the continuation of the words `succeeded, but`.
    var reason: String {
        if let link { return "'\(location)' is a link to '\(link)', which does not exist" }
        let detail = SystemError("", location, code: ENOENT).examined().detail
        return "'\(location)' does not exist" + (detail.map { ": \($0)" } ?? "")
    }

    /// The advice, by what the node and the script show.
    var advice: String {
        let correction = "correct 'creates'"
        if link != nil { return "let it create that first" }
        let below = "let it write below '$NEST_ROOT', or \(correction)"
        if !root.isEmpty, (try? FileSystem.exists(path)) == true {
            return "'\(path)' outside of the root exists: \(below)"
        }
        if let other = pathInWorkingDirectory {
            return
                "its working directory has '\(other)': let it write '\(path)' with its whole path, or \(correction)"
        }
        if let advice = SystemError("", location, code: ENOENT).examined().advice { return "\(advice) \(correction)" }
        for script in scripts {
            if let pipeline = Pipeline.unwatched(in: script.text) { return advice(about: pipeline, in: script) }
        }
        return root.isEmpty ? correction : below
    }

    /// The target of the link at the location, `nil` if there is no link.
    private var link: String? { (try? FileSystem.status(location))?.target }

    /// A path with the same name in the working directory, such as that of a download without a path.
    private var pathInWorkingDirectory: String? {
        let directory = command.workingDirectory ?? Machine.workingDirectory()
        guard let name = path.pathParts.last else { return nil }
        let other = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
        guard other != path, other != location, (try? FileSystem.exists(other)) == true else { return nil }
        return other
    }
}

/// The shell commands of the task.
extension MissingProduct {
    /// Shell commands that the task ran, and what starts them.
    private struct Script {
        let text: String
        /// The place of the commands, as the words of a message.
        let place: String
        /// The words that let bash run them, `nil` if bash runs them already.
        let change: String?
        /// The option that a shell lacks which stops at the first failure.
        let options: String
    }

    private var scripts: [Script] {
        var scripts: [Script] = []
        let isBash = declaration.shell.map { Self.isBash($0.path) } ?? false
        let change = isBash ? nil : "write shell: /bin/bash"
        if let preStart = declaration.preStart {
            scripts.append(Script(text: preStart, place: "'preStart'", change: change, options: "-o"))
        }
        let words = [command.program] + command.arguments
        if words.contains(where: { $0.contains("pipefail") }) { return scripts }
        if case .command(let name, _) = declaration.program {
            let isBash = Self.isBash(name)
            let change = isBash ? nil : "write command: bash"
            if let text = declaration.shellText {
                scripts.append(Script(text: text, place: "its text", change: change, options: "-o"))
            } else if let file = declaration.shellScript?.path, let text = Self.text(ofFile: file) {
                scripts.append(Script(text: text, place: "'\(file)'", change: change, options: "-o"))
            } else if let shell = ProgramFile.shell(of: name), let text = Self.text(ofFile: name) {
                scripts.append(
                    Script(text: text, place: "'\(name)'", change: Self.change(ofFirstLine: shell), options: "-o")
                )
            }
            return scripts
        }
        guard case .script(let reference) = declaration.program,
            let file = words.first(where: { $0.hasSuffix(reference.path) }), let text = Self.text(ofFile: file)
        else { return scripts }
        if declaration.shell != nil {
            scripts.append(Script(text: text, place: "'\(file)'", change: change, options: "-o"))
        } else if command.program == file {
            guard let shell = ProgramFile.shell(of: file) else { return scripts }
            scripts.append(
                Script(text: text, place: "'\(file)'", change: Self.change(ofFirstLine: shell), options: "-o")
            )
        } else {
            // The shell of the key is started without '-e'.
            scripts.append(Script(text: text, place: "'\(file)'", change: change, options: "-eo"))
        }
        return scripts
    }

    private static func isBash(_ shell: String) -> Bool {
        ["bash", "ksh", "zsh"].contains(shell.pathParts.last.map(String.init) ?? "")
    }

    private static func change(ofFirstLine shell: [String]) -> String? {
        guard !isBash(shell.first ?? "") else { return nil }
        return "write '#!\((["/bin/bash"] + shell.dropFirst()).joined(separator: " "))' as its first line"
    }

    private static func text(ofFile path: String) -> String? {
        (try? FileSystem.read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    private func advice(about pipeline: Pipeline, in script: Script) -> String {
        let line = script.text.contains("\n") ? " in line \(pipeline.line)" : ""
        let change = script.change.map { "\($0), and 'set" } ?? "write 'set"
        return
            "if '\(pipeline.program)' fails before the '|'\(line) of \(script.place), the shell does not notice it: "
            + "\(change) \(script.options) pipefail' before it"
    }
}
