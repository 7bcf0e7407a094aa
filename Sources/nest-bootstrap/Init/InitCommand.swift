import Base
import Host
import Reporting

/// Command `init`: a first task file for this machine.
struct InitCommand {
    let options: Options
    let destination: InitOptions
    let output: ConsoleOutput

    /// Writes the task file, and returns the exit code.
    func run() -> ExitCode {
        let text: String
        do {
            let survey = try MachineSurvey(root: options.root, hostName: options.hostName)
            text = FirstTaskFile(survey: survey, role: options.role, installation: Installation()).text
        } catch {
            output.report(error)
            return .failure
        }
        guard let path = destination.path else {
            output.writeData(text)
            return .success
        }
        do {
            if !destination.replaces, try FileSystem.status(path) != nil {
                let hint = "pass '--force' to replace it, or '--output' with another file"
                output.report(Problem("'\(path)' exists", hint: hint))
                return .failure
            }
            try FileSystem.write(Array(text.utf8), to: Configuration.absolute(path), mode: 0o644)
        } catch {
            output.report(error)
            return .failure
        }
        let call = quotedShellLine(["nest-bootstrap", "check", "--config", path])
        output.write("'\(printable(path))' written; check it with \(printable(call))\n")
        return .success
    }
}
