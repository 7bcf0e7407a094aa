import Base

/// A kind of node for which `init` writes a complete directory.
enum NodeKind: String, Sendable, Hashable, CaseIterable {
    case kubeadm, k3s, worker
    case controlPlane = "control-plane"

    /// The files of the directory, as they are in the repository.
    var templates: [TemplateFile] { TemplateFile.all(of: rawValue) }

    /// The path of the file with the values of the machine: the task file, or a drop-in if that is the same everywhere.
    var adaptedFile: String { self == .worker ? "bootstrap.d/50-site.yaml" : Self.taskFileName }

    /// The template of the file with the values of the machine.
    var adaptedTemplate: String {
        templates.first { $0.path == adaptedFile }.map { String(decoding: $0.content, as: UTF8.self) } ?? ""
    }

    /// The names of the variables that the adapted file declares, in its order.
    var variables: [String] { declaredVariables.map(\.name) }

    /// The variables that the adapted file declares, in its order, with their values.
    var declaredVariables: [(name: String, value: String)] {
        var section: Substring = ""
        var variables: [(name: String, value: String)] = []
        for line in adaptedTemplate.split(separator: "\n") {
            section = TemplateLine.section(line) ?? section
            guard section == "variables", let name = TemplateLine.key(line) else { continue }
            let value = line.dropFirst(name.utf8.count + 3).drop { $0 == " " }
            variables.append((String(name), String(value.replacing("\"", with: ""))))
        }
        return variables
    }

    static let taskFileName = "bootstrap.yaml"

    /// Returns the role of a node without a given one.
    func role(of survey: MachineSurvey) -> String {
        switch self {
        case .controlPlane: "control-plane"
        case .worker: "worker"
        case .kubeadm, .k3s:
            survey.isControlPlane || survey.distribution == .none ? "control-plane" : "worker"
        }
    }
}

/// The parts of the lines of a template that are filled in.
enum TemplateLine {
    /// The word of a comment in front of a value that has to be adapted.
    static let change = "# CHANGE: "

    /// Returns the name of the section that a line begins, if it begins one.
    static func section(_ line: Substring) -> Substring? {
        guard let first = line.utf8.first, first != UInt8(ascii: " "), first != UInt8(ascii: "#") else { return nil }
        return line.prefix { $0 != ":" }
    }

    /// Returns the key of a line directly in a section, if it has one.
    static func key(_ line: Substring) -> Substring? {
        guard line.hasPrefix("  "), let first = line.dropFirst(2).utf8.first, first != UInt8(ascii: " "),
            first != UInt8(ascii: "#"), line.contains(":")
        else { return nil }
        return line.dropFirst(2).prefix { $0 != ":" }
    }
}
