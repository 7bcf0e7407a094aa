import Base
import TLS

/// The objects of manifests that earlier runs have read, so that unchanged files are not parsed.
///
/// A file is known by the digest of its content, by its name, which locations have, and by the values of the variables
/// that it uses. A file with a Secret is never indexed, because its digest would make it possible to guess the values,
/// and neither is a file with a problem.
public final class ManifestIndex: Sendable {
    /// A manifest file as it was read.
    struct File: Sendable, Equatable {
        /// The identity of the file, see ``ManifestIndex/key(of:file:)``.
        var key: String
        /// The digest of the values of the variables that the file uses.
        var valuesDigest: String
        /// The variables that the file uses.
        var variableNames: [String]
        var objects: [Object]
    }

    /// An object of a file.
    struct Object: Sendable, Equatable {
        var identity: ObjectIdentity
        var documentIndex: Int
        var position: SourceLocation.Position
        /// The digest of the content, see `ApplyInputs.digest(ofManifest:)`.
        var contentDigest: SHA256Digest
        /// The kind that the object defines, if it is a CustomResourceDefinition.
        var definedKind: DefinedKind?
    }

    private struct State {
        /// The files of earlier runs by their keys.
        var known: [String: File] = [:]
        /// The files of this run, in their order.
        var current: [File] = []
    }

    private let state = Locked(State())
    private let format: String

    /// Creates an index with the files that an earlier run has read.
    ///
    /// - Parameters:
    ///   - text: The value of ``text`` in that run; any other content is ignored.
    ///   - program: The version of the program, because another one may read manifests in another way.
    public init(text: [UInt8]? = nil, program: String) {
        format = "nest-bootstrap manifests 3 \(sha256(Array(program.utf8)))"
        guard let text else { return }
        var files: [File] = []
        let isIntact = DigestedLines.read(text, format) { fields in
            if fields.count >= 3, fields[0] == "file" {
                let names = Array(fields[3...])
                files.append(File(key: fields[1], valuesDigest: fields[2], variableNames: names, objects: []))
            } else if let object = Object(fields), !files.isEmpty {
                files[files.count - 1].objects.append(object)
            }
        }
        guard isIntact else { return }
        state.withLock { state in
            for file in files { state.known[file.key] = file }
        }
    }

    /// The content of the file for the next run, `nil` if nothing has changed.
    public var text: [UInt8]? {
        let (known, current) = state.withLock { ($0.known, $0.current) }
        guard known.count != current.count || current.contains(where: { known[$0.key] != $0 }) else { return nil }
        let lines = current.flatMap { file in
            [["file", file.key, file.valuesDigest] + file.variableNames] + file.objects.map(\.fields)
        }
        return DigestedLines.text(format, lines)
    }

    /// Returns the key of a file: a digest of its content and its name.
    public static func key(of bytes: [UInt8], file: String) -> String {
        sha256(Array([bytes, Array(file.utf8)].map(sha256).joined(separator: " ").utf8))
    }

    /// Returns the objects of a file that an earlier run has read.
    ///
    /// - Parameters:
    ///   - key: The key of the file.
    ///   - name: The name of the file.
    ///   - values: Returns a text of the values of variables.
    ///   - read: Reads the file again, when the content of an object is needed; returns `nil` if the file has changed.
    /// - Returns: The objects, and the variables that the file uses; `nil` if the file is not known.
    public func manifests(
        of key: String,
        named name: String,
        values: ([String]) -> [UInt8],
        reading read: @escaping @Sendable () -> [ManifestObject]?
    ) -> (objects: [ManifestObject], variableNames: [String])? {
        let file = state.withLock { state -> File? in
            guard let file = state.known[key], file.valuesDigest == sha256(values(file.variableNames)) else {
                return nil
            }
            state.current.append(file)
            return file
        }
        guard let file else { return nil }
        let contents = LazyManifests(read)
        let objects = file.objects.enumerated().map { ManifestObject($1, file: name, readFrom: contents, at: $0) }
        return (objects, file.variableNames)
    }

    /// Adds a file that was read.
    ///
    /// - Parameters:
    ///   - key: The key of the file.
    ///   - manifests: The objects of the file, with their digests.
    ///   - variableNames: The variables that the file uses.
    ///   - values: Returns a text of the values of variables.
    public func add(
        _ key: String,
        _ manifests: [ManifestObject],
        variableNames: Set<String>,
        values: ([String]) -> [UInt8]
    ) {
        guard !manifests.contains(where: \.identity.type.isSecret) else { return }
        let objects = manifests.compactMap { manifest -> Object? in
            guard let digest = manifest.contentDigest, let position = manifest.location.position else { return nil }
            return Object(
                identity: manifest.identity,
                documentIndex: manifest.documentIndex,
                position: position,
                contentDigest: digest,
                definedKind: DefinedKind(manifest)
            )
        }
        guard objects.count == manifests.count, objects.allSatisfy({ $0.fields.allSatisfy(DigestedLines.isField) }),
            variableNames.allSatisfy(DigestedLines.isField)
        else { return }
        let names = variableNames.sorted()
        let file = File(key: key, valuesDigest: sha256(values(names)), variableNames: names, objects: objects)
        state.withLock { $0.current.append(file) }
    }
}

extension ManifestIndex.Object {
    fileprivate var fields: [String] {
        let namespace = identity.namespace
        return [
            "object", identity.type.apiVersion, identity.type.kind, namespace == nil ? "" : "in", namespace ?? "",
            identity.name, "\(documentIndex)", "\(position.line)", "\(position.column)", contentDigest.description,
            definedKind == nil ? "" : "defines", definedKind?.group ?? "", definedKind?.kind ?? "",
        ]
    }

    /// Reads the value of ``fields``, or returns `nil` if it is another text.
    fileprivate init?(_ fields: [String]) {
        guard fields.count == 13, let index = Int(fields[6]), let line = Int(fields[7]), let column = Int(fields[8]),
            let contentDigest = SHA256Digest(fields[9])
        else {
            return nil
        }
        self.init(
            identity: ObjectIdentity(
                type: GroupVersionKind(apiVersion: fields[1], kind: fields[2]),
                namespace: fields[3].isEmpty ? nil : fields[4],
                name: fields[5]
            ),
            documentIndex: index,
            position: SourceLocation.Position(line: line, column: column),
            contentDigest: contentDigest,
            definedKind: fields[10].isEmpty ? nil : DefinedKind(group: fields[11], kind: fields[12])
        )
    }
}

/// The objects of a file that are read when the first of them is needed.
final class LazyManifests: Sendable {
    private let read: @Sendable () -> [ManifestObject]?
    /// The result of reading, `nil` before.
    private let result = Locked<[ManifestObject]??>(nil)

    init(_ read: @escaping @Sendable () -> [ManifestObject]?) {
        self.read = read
    }

    /// Returns an object by its position in the file, or `nil` if the file has changed.
    func object(at position: Int) -> ManifestObject? {
        let manifests = result.withLock { result -> [ManifestObject]? in
            if result == nil { result = .some(read()) }
            return result ?? nil
        }
        guard let manifests, manifests.indices.contains(position) else { return nil }
        return manifests[position]
    }
}
