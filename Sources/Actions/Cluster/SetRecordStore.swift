import Base
import Host
import Kubernetes

/// The record of a set in the node's state directory, a directory for each set.
struct SetRecordStore {
    private let run: RunEnvironment
    private let directory: String

    private static let name = "objects.json"
    private static let sizeLimit = 16 << 20

    /// The maximum number of sets that are found.
    private static let countLimit = 10_000

    init(_ run: RunEnvironment, set: String) {
        self.run = run
        directory = "\(run.setsDirectory)/\(set)"
    }

    /// Returns the names of the sets that have a record.
    ///
    /// - Throws: ``Base/SystemError`` if the directory of the sets cannot be read.
    static func names(_ run: RunEnvironment) throws(SystemError) -> [String] {
        let location = try run.files.location(ofWritten: run.setsDirectory)
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
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try run.files.readProduct(path, limit: Self.sizeLimit)
        } catch {
            if error.isNotFound { return nil }
            throw Problem(
                "the record of the set's objects cannot be read",
                hint: error.advice,
                cause: error
            )
        }
        if let record = SetRecord(json: bytes) { return record }
        let hint = "delete it; objects that the manifests no longer contain then stay"
        throw Problem("'\(path)' is not a record of a set's objects", hint: hint)
    }

    /// Writes the record.
    ///
    /// - Throws: ``Base/Problem`` if it cannot be written, in which case no object may be applied: it would never be
    ///   deleted.
    func keep(_ record: SetRecord) throws(Problem) {
        do throws(SystemError) {
            try run.files.keep(record.json, as: Self.name, in: directory)
        } catch {
            throw Problem("the record of the set's objects cannot be written", hint: error.advice, cause: error)
        }
    }

    /// Deletes the record, if there is one.
    ///
    /// - Throws: ``Base/Problem`` if it cannot be deleted.
    func discard() throws(Problem) {
        do throws(SystemError) {
            try run.files.discard(Self.name, in: directory)
        } catch {
            throw Problem(
                "the record of the set's objects cannot be deleted",
                hint: error.advice,
                cause: error
            )
        }
    }
}
