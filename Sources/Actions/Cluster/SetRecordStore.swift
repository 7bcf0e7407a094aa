import Base
import Host
import Kubernetes

/// The record of a set in the node's state directory, a directory for each set.
struct SetRecordStore {
    private let run: RunEnvironment
    private let directory: String

    /// The directory that contains a directory for each set of objects that the node has applied.
    private static let setsDirectory = "/var/lib/nest-bootstrap/sets"
    private static let name = "objects.json"
    private static let sizeLimit = 16 << 20

    /// The maximum number of sets that are found.
    private static let countLimit = 10_000

    init(_ run: RunEnvironment, set: String) {
        self.run = run
        directory = "\(Self.setsDirectory)/\(set)"
    }

    /// Returns the names of the sets that have a record.
    ///
    /// - Throws: ``Base/SystemError`` if the directory of the sets cannot be read.
    static func names(_ run: RunEnvironment) throws(SystemError) -> [String] {
        let location = try run.files.location(ofWritten: setsDirectory)
        guard try FileSystem.exists(location) else { return [] }
        return try FileSystem.list(location, limit: countLimit).filter { name in
            (try? FileSystem.exists("\(location)/\(name)/\(Self.name)")) == true
        }.sorted()
    }

    /// Reads the record.
    ///
    /// - Returns: The record, or `nil` if there is none.
    /// - Throws: ``Base/Problem`` if it cannot be read.
    func record() throws(Problem) -> SetRecord? {
        let path = "\(directory)/\(Self.name)"
        let found = try attempt("read") { () throws(SystemError) -> [UInt8]? in
            do throws(SystemError) {
                return try run.files.readProduct(path, limit: Self.sizeLimit)
            } catch {
                if error.isNotFound { return nil }
                throw error
            }
        }
        guard let bytes = found else { return nil }
        if let record = SetRecord(json: bytes) { return record }
        let hint = "delete it; objects that the manifests no longer contain then stay"
        throw Problem("'\(path)' is not a record of a set's objects", hint: hint)
    }

    /// Writes the record.
    ///
    /// - Throws: ``Base/Problem`` if it cannot be written, in which case no object may be applied: it would never be
    ///   deleted.
    func keep(_ record: SetRecord) throws(Problem) {
        try attempt("written") { () throws(SystemError) in
            try run.files.keep(record.json, as: Self.name, in: directory)
        }
    }

    /// Deletes the record, if there is one.
    ///
    /// - Throws: ``Base/Problem`` if it cannot be deleted.
    func discard() throws(Problem) {
        try attempt("deleted") { () throws(SystemError) in try run.files.discard(Self.name, in: directory) }
    }

    private func attempt<Value>(
        _ participle: String,
        _ body: () throws(SystemError) -> Value
    ) throws(Problem) -> Value {
        do {
            return try body()
        } catch {
            throw Problem("the record of the set's objects cannot be \(participle)", hint: error.advice, cause: error)
        }
    }
}
