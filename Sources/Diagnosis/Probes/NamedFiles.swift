import Base
import Host
import Kubernetes
import YAML

/// Finds the files that the kubelet's settings name and that cannot be used, below a root directory.
struct NamedFiles {
    var root: String

    /// The settings that name a file, each with its keys in the configuration file and its flag.
    private static let settings: [(keys: [String], flag: String)] = [
        (["authentication", "x509", "clientCAFile"], "client-ca-file"), (["tlsCertFile"], "tls-cert-file"),
        (["tlsPrivateKeyFile"], "tls-private-key-file"), (["resolvConf"], "resolv-conf"),
        ([], "image-credential-provider-config"), ([], "image-credential-provider-bin-dir"),
        ([], "config-dir"), ([], "cloud-config"),
    ]

    /// Finds the settings whose files cannot be used.
    ///
    /// - Parameter kubelet: The kubelet with its flags and its configuration.
    /// - Returns: The faults.
    func faults(of kubelet: KubeletFacts) -> [NamedFileFault] {
        Self.settings.compactMap { keys, flag in
            if let path = kubelet.flag(flag) {
                return fault(of: path, keys.last ?? flag).map {
                    NamedFileFault(key: keys.last ?? flag, flag: flag, path: path, reason: $0)
                }
            }
            guard !keys.isEmpty, let value = value(of: keys, in: kubelet.configuration), let path = value.string,
                let reason = fault(of: path, keys.last ?? "")
            else { return nil }
            return NamedFileFault(key: keys.last ?? "", line: value.location.position?.line, path: path, reason: reason)
        }
    }

    private func value(of keys: [String], in configuration: ReadFileFact) -> Node? {
        let files = configuration.dropIns.reversed() + [configuration.root].compactMap(\.self)
        return files.lazy.compactMap { file in
            keys.reduce(file as Node?) { node, key in node?[key] }
        }.first
    }

    private func fault(of path: String, _ key: String) -> String? {
        guard path.isAbsolutePath else { return nil }
        do throws(SystemError) {
            guard let status = try FileSystem.status(root + path) else { return "does not exist" }
            if try !FileSystem.exists(root + path) {
                // Below a root directory, a link leads to another machine's file.
                return root.isEmpty ? "is a link to '\(status.target ?? "")', which does not exist" : nil
            }
            guard ["clientCAFile", "tlsCertFile"].contains(key) else { return nil }
            let bytes = try FileSystem.read(root + path, limit: 1 << 20)
            if bytes.allSatisfy({ $0 <= 0x20 }) { return "is empty" }
            let file = CredentialFile(name: path, bytes: bytes)
            let isUsable = (try? CredentialCheck.certificates(in: file)) != nil
            return isUsable ? nil : "contains no certificate as PEM"
        } catch {
            return error.isNotFound ? "does not exist" : nil
        }
    }
}
