import Glibc

/// A certificate authority for tests, made with the `openssl` command in a directory of its own.
public final class TestAuthority: Sendable {
    /// Where the files are; removed with the authority.
    public let directory: String

    public var certificatePath: String { "\(directory)/ca.crt" }

    public struct Issued: Sendable {
        public var certificatePath: String
        public var keyPath: String
    }

    public enum Validity: Sendable {
        case now
        case days(Int)
        /// For some days and twelve hours: the number of days that are left stays the same while a test runs.
        case daysAndAHalf(Int)
        /// For a year that ends in some days and twelve hours.
        case yearEndingInDays(Int)
        /// Throughout the year 2001.
        case past
        /// Throughout the year 2098.
        case future
    }

    public enum KeyKind: String, Sendable, CaseIterable {
        case rsa, ec, ed25519
    }

    public init(subject: String = "/CN=test-ca") throws(SupportError) {
        var template = Array("/tmp/nest-bootstrap-authority.XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SupportError("cannot make a directory") }
        directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try signOneself("ca", subject: subject)
        try write("", to: "index.txt")
    }

    deinit {
        try? ChildProcess.run(["rm", "-rf", directory])
    }

    /// Issues a certificate.
    ///
    /// * `names`: Host names and addresses, such as `DNS:localhost` and `IP:127.0.0.1`.
    /// * `usages`: Its extended key usages, such as `serverAuth`; none for all uses.
    /// * `issuer`: The base name of the files of an authority that this one has issued, or this one's own.
    public func issue(
        _ name: String,
        subject: String = "/O=system:masters/CN=kube-admin",
        names: [String] = [],
        usages: [String] = [],
        validity: Validity = .now,
        key: KeyKind = .ec,
        isAuthority: Bool = false,
        issuer: String = "ca",
    ) throws(SupportError) -> Issued {
        let extensions =
            ["basicConstraints=critical,CA:\(isAuthority)"]
            + (names.isEmpty ? [] : ["subjectAltName=\(names.joined(separator: ","))"])
            + (usages.isEmpty ? [] : ["extendedKeyUsage=\(usages.joined(separator: ","))"])
        try write(extensions.map { "\($0)\n" }.joined(), to: "\(name).ext")
        try write(Self.configuration, to: "ca.cnf")
        try openssl(["genpkey", "-out", "\(name).key"] + key.arguments)
        try openssl("req", "-new", "-utf8", "-key", "\(name).key", "-subj", subject, "-out", "\(name).csr")
        try openssl(
            [
                "ca", "-config", "ca.cnf", "-batch", "-notext", "-utf8", "-cert", "\(issuer).crt",
                "-keyfile", "\(issuer).key", "-in", "\(name).csr", "-out", "\(name).crt", "-extfile", "\(name).ext",
            ] + validity.arguments
        )
        return Issued(certificatePath: path("\(name).crt"), keyPath: path("\(name).key"))
    }

    /// Makes a certificate that is signed with its own key.
    public func makeSelfSigned(_ name: String, subject: String, names: [String]) throws(SupportError) -> Issued {
        let names = ["-addext", "subjectAltName=\(names.joined(separator: ","))"]
        try signOneself(name, subject: subject, names)
        return Issued(certificatePath: path("\(name).crt"), keyPath: path("\(name).key"))
    }

    /// Makes a key and a certificate that is signed with it.
    private func signOneself(
        _ name: String,
        subject: String,
        _ more: [String] = [],
    ) throws(SupportError) {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(name).key"]
        let certificate = ["-utf8", "-days", "365", "-subj", subject, "-out", "\(name).crt"]
        try openssl(["req", "-x509"] + key + certificate + more)
    }

    public func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Writes a file into the authority's directory and returns its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws(SupportError) -> String {
        guard let file = unsafe fopen(path(name), "w") else { throw SupportError("cannot write '\(name)'") }
        unsafe fputs(text, file)
        unsafe fclose(file)
        return path(name)
    }

    public func openssl(_ arguments: String...) throws(SupportError) {
        try openssl(arguments)
    }

    public func openssl(_ arguments: [String]) throws(SupportError) {
        try ChildProcess.run(["openssl"] + arguments, in: directory)
    }

    private static let configuration = """
        [ca]
        default_ca = it
        [it]
        database = index.txt
        new_certs_dir = .
        rand_serial = yes
        default_md = sha256
        policy = any
        unique_subject = no
        preserve = yes
        [any]
        countryName = optional
        organizationName = optional
        commonName = optional

        """
}

extension TestAuthority.Validity {
    fileprivate var arguments: [String] {
        switch self {
        case .now: ["-days", "365"]
        case .days(let count): ["-days", "\(count)"]
        case .daysAndAHalf(let count):
            ["-enddate", Self.text(secondsSince1970() + count * 86_400 + 43_200)]
        case .yearEndingInDays(let count):
            [
                "-startdate", Self.text(secondsSince1970() + (count - 365) * 86_400 + 43_200),
                "-enddate", Self.text(secondsSince1970() + count * 86_400 + 43_200),
            ]
        case .past: ["-startdate", "20010101000000Z", "-enddate", "20011231235959Z"]
        case .future: ["-startdate", "20980101000000Z", "-enddate", "20981231235959Z"]
        }
    }

    /// An instant as openssl reads it: `20260102030405Z`.
    private static func text(_ seconds: Int) -> String {
        utcText(secondsSince1970: seconds).prefix(19).filter(\.isNumber) + "Z"
    }
}

extension TestAuthority.KeyKind {
    fileprivate var arguments: [String] {
        switch self {
        case .rsa: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        case .ec: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
        case .ed25519: ["-algorithm", "ED25519"]
        }
    }
}
