import Base
import YAML

/// Checks of port names, and of fields that contain a port number or name, such as `targetPort` of a Service.
enum PortFields {
    /// The values that a server accepts in a field.
    private enum Form {
        /// A number or a name.
        case required
        /// A number or a name; if it is 0, empty or absent, the server uses the Service's own port.
        case serviceDefault
        /// A number or a name; if it is absent, the rule applies to all ports.
        case optional
        /// A name, or nothing.
        case name
    }

    private static let rules: [String: [String: [(field: FieldPattern, form: Form)]]] = [
        "": ["Service": [(FieldPattern("spec.ports[].targetPort"), .serviceDefault)]],
        "extensions": ["Ingress": oldIngress],
        "networking.k8s.io": [
            "Ingress": [
                (FieldPattern("spec.defaultBackend.service.port.name"), .name),
                (FieldPattern("spec.rules[].http.paths[].backend.service.port.name"), .name),
            ] + oldIngress,
            "NetworkPolicy": [
                (FieldPattern("spec.ingress[].ports[].port"), .optional),
                (FieldPattern("spec.egress[].ports[].port"), .optional),
            ],
        ],
    ]

    /// The port fields of an Ingress in the `v1beta1` versions of its API.
    private static let oldIngress: [(field: FieldPattern, form: Form)] = [
        (FieldPattern("spec.backend.servicePort"), .required),
        (FieldPattern("spec.rules[].http.paths[].backend.servicePort"), .required),
    ]

    private static let handlers =
        ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"].flatMap {
            [FieldPattern("\($0).httpGet"), FieldPattern("\($0).tcpSocket")]
        }

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        let type = manifest.identity.type
        var problems = (rules[type.group]?[type.kind] ?? []).flatMap { rule in
            rule.field.fields(in: manifest.root, "").compactMap { problem(of: $0.node, $0.path, rule.form) }
        }
        problems += unnamedPorts(of: manifest)
        for container in PodTemplate(manifest)?.containers ?? [] {
            let written = handlers.flatMap { $0.fields(in: container.node, container.path) }
            for (path, handler) in written where !handler.isNull {
                let port = handler["port"] ?? Node(.null, location: handler.location)
                problems += [problem(of: port, "\(path).port", .required)].compactMap(\.self)
            }
            for (path, name) in FieldPattern("ports[].name").fields(in: container.node, container.path) {
                problems += [problem(of: name, path, .name)].compactMap(\.self)
            }
        }
        return problems
    }

    /// Returns the problems of unnamed ports in a Service with several ports.
    private static func unnamedPorts(of manifest: ManifestObject) -> [Problem] {
        let ports = manifest.root["spec"]?["ports"]?.sequence ?? []
        guard manifest.identity.type.group.isEmpty, manifest.identity.type.kind == "Service", ports.count > 1 else {
            return []
        }
        return ports.enumerated().filter { $1.mapping != nil && $1["name"]?.string ?? "" == "" }.map { index, port in
            let message = "field 'spec.ports[\(index)].name': a Service with several ports needs a name for each"
            return Problem(.missingField, message, at: port.location, hint: "add 'name:'")
        }
    }

    private static func problem(of node: Node, _ path: String, _ form: Form) -> Problem? {
        let isValid: Bool
        switch node.content {
        case .null: isValid = form != .required
        case .string(let name): isValid = isName(name) || name.isEmpty && (form == .serviceDefault || form == .name)
        case .number(let number):
            let port = Int(number.json) ?? -1
            isValid = form != .name && (1...65535).contains(port) || form == .serviceDefault && port == 0
        case .boolean, .sequence, .mapping: isValid = false
        }
        guard !isValid else { return nil }
        let name =
            "a name of up to 15 lowercase letters, digits and single hyphens, with at least one letter and no hyphen at "
            + "either end"
        let expected = form == .name ? name : "a number from 1 to 65535, or \(name)"
        let number = node.string.flatMap(Int.init).flatMap { (1...65535).contains($0) ? $0 : nil }
        return Problem(
            .wrongFieldValue,
            "field '\(path)': expected \(expected), found \(node.isNull ? "nothing" : ShownValue(node).description)",
            at: node.location,
            hint: form == .name ? nil : number.map { "write \($0) without quotes" },
        )
    }

    /// Returns whether a text is a service name as defined by RFC 6335.
    private static func isName(_ text: String) -> Bool {
        text.utf8.count <= 15 && NameForm.label.matches(text) && !text.contains("--")
            && text.contains { $0.isLetter }
    }
}
