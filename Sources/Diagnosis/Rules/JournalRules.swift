import Base

/// Classifies the last lines of the kubelet by known texts.
func journalFindings(_ facts: Facts) -> [Finding] {
    // A line has one cause: that of the first text that it contains. The line with which the kubelet ended is the cause of
    // the end, and the errors before it are not.
    let fatal = fatalLine(facts.kubelet.lines)
    // Of a kubelet that works, only what it reports now counts.
    let recent = facts.kubelet.lines.filter { line in
        !facts.isReady || (line.time.map { facts.now.seconds - $0.seconds < 60 } ?? true)
    }
    var lines = fatal.map { [$0.text] } ?? recent.map(\.text).filter(isError)
    return knownTexts.compactMap { known in
        func matches(_ line: String) -> Bool { known.texts.allSatisfy { line.contains($0) } }
        guard let line = lines.last(where: matches) else { return nil }
        lines.removeAll(where: matches)
        let error = errorText(line)
        let words = known.from.flatMap { error.firstRange(of: $0) }.map { String(error[$0.lowerBound...]) } ?? error
        var finding = Finding(
            known.code,
            .report,
            in: known.area,
            // A Node that was Ready before keeps the addresses that it had.
            blocks: known.code == "node-ip" && facts.isReady ? .pods : known.blocks,
            known.subject,
            shortened(words),
            fix: fix(known, words, facts.kubelet)
        ).having(error: error)
        // A kubelet without usable credentials looks for bootstrap credentials, and ends with an error about these.
        finding.isEnding = fatal != nil && known.code != "bootstrap-kubeconfig"
        return finding
    }
}

/// Returns the fix of a known error, with the place of the flag that is wrong.
private func fix(_ known: KnownText, _ words: String, _ kubelet: KubeletFacts) -> String {
    // The setting that an error names precedes the file with all settings.
    let isOfFile = known.code == "kubelet-config"
    if isOfFile, let advice = kubelet.advice(onError: words) { return advice }
    let flag = known.flag ?? flagName(in: words)
    let file = kubelet.configuration.path.map { "'\(printable($0))'" } ?? "the file that '--config' names"
    return known.fix.replacing("CONFIG", with: file).replacing("FLAG", with: kubelet.place(ofFlag: flag))
        .replacing("RESTART", with: kubelet.restart(afterChangeOf: flag)).replacing("UNIT", with: kubelet.unitName)
}

/// Returns the name of the flag that an error of the command line names, without dashes; `nil` if it names none.
func flagName(in error: String) -> String? {
    let ends = error.firstRange(of: "--")?.upperBound
    guard let ends else { return nil }
    let name = error[ends...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    return name.isEmpty ? nil : String(name)
}

extension KubeletFacts {
    /// Returns a flag with the file in which it is written, for a fix.
    func place(ofFlag name: String?) -> String {
        let flag = name.map { "'--\(printable($0))'" } ?? "the flag"
        guard let name, let source = argumentSources[name] else {
            return "\(flag) in 'ExecStart=' of the unit or its drop-ins ('systemctl cat \(unitName)')"
        }
        return "\(flag) in '\(printable(source.path))'"
    }

    /// Returns the command that restarts the kubelet after a flag was changed; systemd has to read a unit file again.
    func restart(afterChangeOf name: String?) -> String { restart(afterChange: name.flatMap { argumentSources[$0] }) }

    /// Returns the command that restarts the kubelet after a file of its unit was changed.
    func restart(afterChange source: SettingSource?) -> String {
        let restart = "systemctl restart \(unitName)"
        return source?.isUnit == false ? restart : "systemctl daemon-reload && \(restart)"
    }
}

/// Returns whether a line is an error of klog, or no line of klog at all.
func isError(_ line: String) -> Bool {
    guard let first = line.utf8.first, line.utf8.count > 5 else { return false }
    return !isKlog(line) || first == UInt8(ascii: "E") || first == UInt8(ascii: "F")
}

/// Returns whether a line begins as klog's do: with the letter of its severity and the date.
func isKlog(_ line: String) -> Bool {
    guard let first = line.utf8.first, line.utf8.count > 5 else { return false }
    let digits = line.utf8.dropFirst().prefix(4)
    return "IWEF".utf8.contains(first) && digits.allSatisfy { (0x30...0x39).contains($0) }
}

/// Returns the value of `err` in a line of klog, or the line after its prefix.
func errorText(_ line: String) -> String {
    guard let start = line.firstRange(of: "err=\"")?.upperBound else {
        return line.firstRange(of: "] ").map { String(line[$0.upperBound...]) } ?? line
    }
    var text = ""
    var isEscaped = false
    for character in line[start...] {
        if isEscaped {
            text.append(character == "n" ? " " : character)
            isEscaped = false
        } else if character == "\\" {
            isEscaped = true
        } else if character == "\"" {
            break
        } else {
            text.append(character)
        }
    }
    // The kubelet prints its whole configuration after the error.
    return text.firstRange(of: ", path: &TypeMeta").map { String(text[..<$0.lowerBound]) } ?? text
}

/// Returns the error with which the kubelet ended, or its last error.
func lastKubeletError(_ lines: [JournalLine]) -> String? {
    let line = fatalLine(lines) ?? lines.last { isError($0.text) && $0.text.contains("err=") }
    return line.map { shortened(errorText($0.text)) }
}

/// Returns the line with which the kubelet ended, `nil` if there is none.
func fatalLine(_ lines: [JournalLine]) -> JournalLine? {
    let endings = [
        "command failed", "Failed to start ContainerManager", "Failed to listen and serve", "failed to run Kubelet",
        "Error: ", "panic: ",
    ]
    return lines.last { line in isError(line.text) && endings.contains { line.text.contains($0) } }
}

/// Words of errors, with the beginnings of the codes of causes that explain them.
private let links: [(words: String, codes: [String])] = [
    ("expired", ["certificate-expired", "server-certificate", "clock"]), ("not yet valid", ["clock"]),
    ("proxyconnect", ["proxy"]), ("x509", ["certificate", "credentials", "clock", "wrong-ca", "server-"]),
    ("certificate", ["certificate", "credentials", "bootstrap", "csr-"]),
    ("kubeconfig", ["kubeconfig", "bootstrap", "credentials", "certificate"]), ("config file", ["kubelet-config"]),
    ("Unauthorized", ["unauthorized", "bootstrap", "certificate", "clock"]),
    ("dial tcp", ["server-", "no-route", "dns", "proxy"]), ("connection refused", ["server-", "runtime-", "proxy"]),
    ("lookup ", ["dns"]), ("no such host", ["dns"]), ("i/o timeout", ["server-", "no-route", "proxy"]),
    ("container runtime", ["runtime", "cri-"]), ("RuntimeService", ["runtime", "cri-"]), ("PLEG", ["runtime"]),
    ("runtime API", ["runtime", "cri-"]), ("dial unix", ["runtime", "cri-"]),
    ("cni", ["cni", "pod-"]), ("NetworkPluginNotReady", ["cni", "pod-"]),
    ("plugin type=", ["cni", "program-"]), ("failed to find plugin", ["cni"]), ("runc", ["runc-missing"]),
    ("iptables", ["program-"]), ("executable file not found", ["program-", "runc-missing"]),
    ("cgroup", ["cgroup", "no-cgroups"]),
    ("hostname", ["node-name"]), ("node name", ["node-name"]), ("Swap", ["swap"]),
    ("environment files", ["environment-file"]), ("step EXEC", ["kubelet-program"]),
    ("locate executable", ["kubelet-program"]), ("address already in use", ["port-taken"]),
    ("no space left", ["disk-", "no-inodes"]), ("read-only file system", ["read-only"]),
]

/// Returns the beginnings of the codes of causes that explain an error.
func codes(explaining error: String) -> [String] {
    let known = knownTexts.filter { text in text.texts.allSatisfy { error.contains($0) } }.map(\.code)
    return known + links.filter { error.contains($0.words) }.flatMap(\.codes)
}
