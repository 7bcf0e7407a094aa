import Base
import Glibc
import Host
import Planning

/// What units that do not run as root read and write in their own way.
extension NodeFiles {
    /// Reads the copy of a file that systemd has made for the unit, whose user may not read the file itself.
    ///
    /// - Returns: The bytes, or `nil` if the unit has no such credential.
    /// - Throws: ``Base/SystemError`` of the file if it did not exist when the unit was started, or is too large.
    func credential(_ path: String, limit: Int) throws(SystemError) -> [UInt8]? {
        guard let credentialsDirectory, let name = credentialName(ofPath: path) else { return nil }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileSystem.read("\(credentialsDirectory)/\(name)", limit: limit)
        } catch {
            if error.isNotFound { return nil }
            throw SystemError(error.operation, path, code: error.code, detail: error.detail)
        }
        guard bytes != Array(missingCredential.utf8) else { throw SystemError("cannot read", path, code: ENOENT) }
        return bytes
    }

    /// Finds a private key for a program that reads it itself.
    ///
    /// - Parameter path: The path on the node.
    /// - Returns: The path of the copy that systemd has made for the unit, else of the file.
    /// - Throws: ``Base/SystemError`` if there is no such file, or if other users can change or read it.
    func locationForProgram(ofPrivate path: String) throws(SystemError) -> String {
        if let credentialsDirectory, let name = credentialName(ofPath: path),
            try credential(path, limit: SizeLimit.configuration) != nil
        {
            return "\(credentialsDirectory)/\(name)"
        }
        try requireTrusted(path, isData: true)
        try requirePrivate(path)
        guard try exists(path) else { throw SystemError("cannot read", path, code: ENOENT) }
        return try location(ofRead: path)
    }

    /// Keeps a file in a directory of state, which may belong to the user of units: below it no link is followed.
    ///
    /// - Parameters:
    ///   - bytes: The content.
    ///   - name: The file's name.
    ///   - directory: The task's directory, two levels below the directory of state.
    /// - Throws: ``Base/SystemError`` if the system refuses.
    func keep(_ bytes: [UInt8], as name: String, in directory: String) throws(SystemError) {
        if isDryRun { return try remember(bytes, mode: 0o644, at: "\(directory)/\(name)") }
        let parts = try location(ofWritten: directory).pathParts
        let above = FileSystem.existingRealPath("/" + parts.dropLast(3).joined(separator: "/"))
        let location = "\(above)/\(parts.suffix(3).joined(separator: "/"))"
        try DirectoryHandle(reaching: location, isCreating: true, isOfService: true)
            .write(bytes, to: name, mode: 0o644)
    }
}
