import Base
import Host

/// A name that the C library has not resolved, with what the files of this node show of the reason.
///
/// The files are `/etc/nsswitch.conf`, `/etc/hosts` and `/etc/resolv.conf`; see nsswitch.conf(5), hosts(5), resolv.conf(5).
struct UnresolvedName {
    /// Reads a file.
    typealias Reader = (String) throws(SystemError) -> [UInt8]

    private let host: String
    private let read: Reader

    private static let hostsPath = "/etc/hosts"
    private static let switchPath = "/etc/nsswitch.conf"
    private static let serversPath = "/etc/resolv.conf"

    /// Creates the description of a name.
    ///
    /// - Parameters:
    ///   - host: The name.
    ///   - read: Reads a file of the node.
    init(
        _ host: String,
        read: @escaping Reader = { (path) throws(SystemError) in try FileSystem.read(path, limit: 1 << 20) },
    ) {
        self.host = host.lowercased()
        self.read = read
    }

    /// Returns what to do.
    ///
    /// - Parameters:
    ///   - setting: The setting that has the name.
    ///   - isOverdue: Whether there was no answer in time, instead of one that the name is unknown.
    /// - Returns: The advice, `nil` if the files show no reason.
    func advice(correcting setting: String, isOverdue: Bool) -> String? {
        let services = services
        if let entry = lines(of: Self.hostsPath).first(where: { $0.words.dropFirst().contains { matches($0) } }) {
            return advice(on: entry, services)
        }
        let adding = "add 'ADDRESS \(host)' to \(Self.hostsPath), or correct \(setting)"
        if let services, let fault = services.fault(of: ["dns", "resolve"], for: host) {
            return
                "\(Self.hostsPath) has no line for the name, and no DNS server is asked for it: \(fault); write "
                + "'hosts: \(services.with("dns"))' there, \(adding)"
        }
        guard services?.names.contains("resolve") != true else { return nil }
        return adviceAboutServers(adding, isOverdue)
    }

    /// Returns what to do about a name that `/etc/hosts` has.
    private func advice(on entry: Line, _ services: Services?) -> String? {
        let place = "\(Self.hostsPath):\(entry.number)"
        guard let address = entry.words.first, IPAddress(address) != nil else {
            return "\(place) has the name for '\(printable(entry.words.first ?? ""))', which is no address: correct it"
        }
        // systemd-resolved reads /etc/hosts, too.
        guard let services, let fault = services.fault(of: ["files", "resolve"], for: host) else { return nil }
        return
            "\(place) has the name, but \(Self.hostsPath) is not read: \(fault); write 'hosts: \(services.with("files"))' there"
    }

    /// Returns what to do about DNS servers that are missing or do not answer.
    private func adviceAboutServers(_ adding: String, _ isOverdue: Bool) -> String? {
        do throws(SystemError) {
            _ = try read(Self.serversPath)
        } catch {
            let error = error.examined()
            let reason = [error.description, error.advice].compactMap(\.self).joined(separator: "; ")
            return "the node has no DNS server: \(reason); or \(adding)"
        }
        let servers = lines(of: Self.serversPath).filter { $0.words.count > 1 && $0.words[0] == "nameserver" }
        guard let first = servers.first else {
            return "\(Self.serversPath) names no DNS server: write 'nameserver ADDRESS' into it, or \(adding)"
        }
        guard isOverdue else { return nil }
        if let fault = IPAddress(first.words[1]).flatMap(LinkFault.onWay) {
            return
                "interface '\(fault.name)', through which this node reaches DNS server \(printable(first.words[1])) "
                + "(\(Self.serversPath):\(first.number)), \(fault.reason): \(fault.advice)"
        }
        let names = servers.map { "\(printable($0.words[1])) (\(Self.serversPath):\($0.number))" }
        return
            "no usable answer came in time from DNS server \(names.joined(separator: ", ")): check that it runs and that port 53 of "
            + "\(printable(first.words[1])) can be reached, or \(adding)"
    }

    private func matches(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == host || "\(name)." == host
    }

    /// A line without its comment.
    private struct Line {
        var number: Int
        var words: [String]
    }

    private func lines(of path: String) -> [Line] {
        let text = String(decoding: (try? read(path)) ?? [], as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
            Line(
                number: index + 1,
                words: line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).map(String.init)
            )
        }
    }

    /// The services that look up names of hosts, `nil` if the file names none and the C library has its own.
    private var services: Services? {
        for line in lines(of: Self.switchPath) {
            let text = line.words.joined(separator: " ")
            guard text.lowercased().hasPrefix("hosts:") else { continue }
            return Services(String(text.dropFirst("hosts:".count)), at: "\(Self.switchPath):\(line.number)")
        }
        return nil
    }
}

/// The services of a line `hosts:`, in the order in which they are asked.
private struct Services {
    private struct Service {
        var name: String
        /// The actions that follow the name in brackets.
        var actions = ""

        /// Whether no further service is asked about a name that this one does not know.
        var endsSearch: Bool {
            let actions = actions.lowercased()
            return actions.contains("notfound=return") && !actions.contains("!notfound=return")
                || actions.contains("!unavail=return") || actions.contains("!tryagain=return")
        }
    }

    private let place: String
    private var services: [Service] = []

    init(_ text: String, at place: String) {
        self.place = place
        var isAction = false
        for word in text.replacing("[", with: " [ ").replacing("]", with: " ] ").split(separator: " ") {
            switch word {
            case "[": isAction = true
            case "]": isAction = false
            default:
                if !isAction {
                    services.append(Service(name: String(word)))
                } else if let last = services.indices.last {
                    services[last].actions += services[last].actions.isEmpty ? "\(word)" : " \(word)"
                }
            }
        }
    }

    var names: [String] { services.map(\.name) }

    /// Returns why none of some services is asked about a name, `nil` if one is, or if it is not certain.
    func fault(of wanted: [String], for host: String) -> String? {
        let known = ["files", "dns", "resolve", "myhostname", "mymachines", "db", "compat"]
        for service in services {
            if wanted.contains(service.name) { return nil }
            // Multicast DNS is responsible for names below 'local' only.
            let isMulticast = service.name.hasPrefix("mdns")
            if isMulticast, !host.hasSuffix(".local") { continue }
            guard isMulticast || known.contains(service.name) else { return nil }
            guard service.endsSearch else { continue }
            return
                "in 'hosts:' of \(place), '\(service.name) [\(service.actions)]' ends the search before '\(wanted[0])'"
        }
        return "'hosts:' of \(place) has no '\(wanted[0])'"
    }

    /// Returns the line with another service: `files` before all others, others after `files`.
    func with(_ name: String) -> String {
        let others = services.filter { $0.name != name }
        let isFirst = name == "files"
        let texts = others.map { service in
            // After the change, no service may end the search before the new one.
            service.actions.isEmpty || !isFirst ? service.name : "\(service.name) [\(service.actions)]"
        }
        return (isFirst ? [name] + texts : texts + [name]).joined(separator: " ")
    }
}
