import Base

/// The form of a variable's value in a template of `init`, which other values need as well.
enum VariableForm {
    /// One network, or several separated by commas.
    case networks
    case address
    case url
    case version
    case path
    case number
    /// Any text that is not empty; a wrong one is left to the check of the task file.
    case text

    /// Determines the form of the value in a template.
    init(of template: String) {
        if template.contains("://") {
            self = .url
        } else if template.isAbsolutePath {
            self = .path
        } else if template.contains("/"), AddressRange(template) != nil {
            self = .networks
        } else if IPAddress(template) != nil {
            self = .address
        } else if Self.isVersion(template) {
            self = .version
        } else {
            self = Int(template) != nil && template.utf8.count < 10 ? .number : .text
        }
    }

    /// The noun for messages.
    private var noun: String {
        switch self {
        case .networks: "a network in CIDR notation"
        case .address: "an IP address"
        case .url: "a URL"
        case .version: "a version"
        case .path: "an absolute path"
        case .number: "a number"
        case .text: "a value"
        }
    }

    private static func isVersion(_ text: String) -> Bool { text.firstMatch(of: /^v[0-9]+\.[0-9]+/) != nil }

    private func fits(_ value: String) -> Bool {
        switch self {
        case .networks:
            value.split(separator: ",", omittingEmptySubsequences: false).allSatisfy {
                $0.contains("/") && AddressRange(String($0)) != nil
            }
        case .address: IPAddress(value) != nil
        // The value may contain other variables.
        case .url: value.contains("://") && (value.contains("${") || (try? WebAddress(value)) != nil)
        case .version: Self.isVersion(value)
        case .path: value.isAbsolutePath || value.hasPrefix("${")
        case .number: value.utf8.allSatisfy(\.isDigit) && Int(value) != nil
        case .text: true
        }
    }

    /// Refuses values of variables that have another form than those of the template.
    ///
    /// - Parameters:
    ///   - values: The values that were given, by the names of the variables.
    ///   - templates: The values of the template, by the same names.
    /// - Throws: ``UsageError`` about the first wrong value, in the order of the names.
    static func check(_ values: [String: String], _ templates: [String: String]) throws(UsageError) {
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let template = templates[name] else { continue }
            let form = Self(of: template)
            guard !form.fits(value) else { continue }
            throw UsageError(
                "invalid value '\(printable(value))' of '\(name)' for '--set': expected \(form.noun), such as \(template)"
            )
        }
        let all = templates.merging(values) { $1 }
        guard let services = all["serviceCIDR"] else { return }
        let networks = services.split(separator: ",").compactMap { AddressRange(String($0)) }
        for name in ["serviceAddress", "clusterDNS"] {
            guard let address = all[name].flatMap(IPAddress.init), !networks.contains(where: { $0.contains(address) })
            else { continue }
            throw UsageError(
                "'\(name)' is \(address), which is not in 'serviceCIDR' \(services): add --set \(name)=ADDRESS with one of its "
                    + "addresses"
            )
        }
    }
}
