import Base

/// Returns whether a string can be the name of a task: a DNS label, which is part of the name of the task's unit.
///
/// A dash at the end is refused because systemd applies drop-ins for `k8s-bootstrap-a-.service` to every service whose
/// name begins with `k8s-bootstrap-a-`.
func isTaskName(_ name: String) -> Bool {
    guard let first = name.utf8.first, first.isLowercaseLetter || first.isDigit else { return false }
    return name.utf8.count <= Limit.nameLength && !name.hasSuffix("-")
        && name.utf8.allSatisfy { $0.isLowercaseLetter || $0.isDigit || $0 == UInt8(ascii: "-") }
}

/// Returns whether a string can be the name of a Kubernetes node: a host name in lower case, without `_`.
func isNodeName(_ name: String) -> Bool {
    SubjectName.isHostName(name) && name == name.lowercased() && !name.utf8.contains(UInt8(ascii: "_"))
}

/// Returns a valid task name that is similar to an invalid one, or `nil` if no valid characters are left.
func suggestedTaskName(_ name: String) -> String? {
    let characters = name.lowercased().map { isTaskName(String($0)) ? $0 : "-" }
    var suggestion = String(String(characters).drop { $0 == "-" }.prefix(Limit.nameLength))
    while suggestion.hasSuffix("-") { suggestion.removeLast() }
    return isTaskName(suggestion) ? suggestion : nil
}

let unitSuffixes = [
    "service", "target", "socket", "mount", "path", "timer", "device", "swap", "automount", "slice", "scope",
]

/// Returns a name with the suffix that was probably meant, or `nil` if the name has a dot or is not valid.
func wholeUnitName(of name: String) -> String? {
    let whole = name + (targetNames.contains(name) ? ".target" : ".service")
    return isUnitName(whole) && !name.contains(".") ? whole : nil
}

/// Names without a suffix that probably mean a target.
private let targetNames: Set = [
    "basic", "default", "graphical", "local-fs", "multi-user", "network", "network-online",
    "nss-lookup", "remote-fs", "sysinit", "time-set", "time-sync",
]

func hasUnitSuffix(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return false }
    return unitSuffixes.contains(String(name[name.index(after: dot)...]))
}

/// Returns whether a string is a valid name of a systemd unit, and not of a template without an instance.
func isUnitName(_ name: String) -> Bool {
    let allowed = ":-_.\\@".utf8
    if let at = name.firstIndex(of: "@"), let dot = name.lastIndex(of: "."), at < dot,
        at == name.startIndex || name.index(after: at) == dot
    {
        return false
    }
    return hasUnitSuffix(name) && name.utf8.count <= Limit.unitNameLength
        && name.utf8.allSatisfy { $0.isLetter || $0.isDigit || allowed.contains($0) }
}

public func unitName(ofTask task: String) -> String { "k8s-bootstrap-\(task).service" }

/// Returns whether a unit has a name that is reserved for the units of this program.
func isOwnUnit(_ name: String) -> Bool { name.hasPrefix("k8s-bootstrap-") || name.hasPrefix("k8s-bootstrap.") }

/// Returns the name of the service that repeats a task.
public func repetitionUnitName(ofTask task: String) -> String { "k8s-bootstrap-repeat@\(task).service" }

/// Returns the name of the timer that starts the repetitions of a task.
public func timerName(ofTask task: String) -> String { "k8s-bootstrap-\(task).timer" }

/// Returns the text between `k8s-bootstrap-` and `.service` in the name of a unit, or `nil` for any other name.
func taskName(ofUnit unit: String) -> String? {
    let prefix = "k8s-bootstrap-"
    let suffix = ".service"
    guard unit.hasPrefix(prefix), unit.hasSuffix(suffix), unit.utf8.count > prefix.utf8.count + suffix.utf8.count else {
        return nil
    }
    return String(unit.dropFirst(prefix.count).dropLast(suffix.count))
}

/// Returns whether a string is a valid key of a Kubernetes label, optionally with a prefix: `example.com/name`.
@Sendable func isLabelKey(_ key: String) -> Bool {
    let parts = key.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let name = parts.last, !name.isEmpty, isLabelText(String(name)) else {
        return false
    }
    return parts.count == 1 || isNodeName(String(parts[0]))
}

@Sendable func isEnvironmentName(_ key: String) -> Bool {
    guard let first = key.utf8.first, !first.isDigit else { return false }
    return key.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
}

/// Returns whether a string is a valid value of a Kubernetes label, which may be empty.
func isLabelText(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return true }
    return text.utf8.count <= 63 && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "-_.".utf8.contains($0) }
        && (first.isLetter || first.isDigit) && (last.isLetter || last.isDigit)
}
