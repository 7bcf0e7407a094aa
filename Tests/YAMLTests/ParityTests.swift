import Base
import Glibc
import Testing
import YAML

/// The Calico CRDs as upstream ships them, where they lie beside the package.
@Suite(.timeLimit(.minutes(5))) struct ParityTests {
    private static let path = "../shared/inputs/calico-crds-v3.29.3.yaml"
    private static let isThere = unsafe access(path, R_OK) == 0
    private static let hasKubectl = Subprocess.output(of: "command -v kubectl") != nil

    @Test(.enabled(if: isThere, "\(path) is not there"))
    func `all documents of a large file are read`() throws {
        let bytes = try #require(Subprocess.output(of: "cat \(Self.path)"))
        let documents = try readDocuments(bytes, file: Self.path)
        let objects = documents.compactMap(\.root)
        #expect(documents.count == 21)
        #expect(objects.count == 20)
        #expect(objects.allSatisfy { $0["kind"]?.string == "CustomResourceDefinition" })
        #expect(objects.first?["metadata"]?["name"]?.location.description == "\(Self.path):7:9")
        for object in objects {
            #expect(try readJSON(object.json(), file: "again") == object)
        }
    }

    /// `kubectl label --local` decodes without a server; a kind of its own keeps it from filling in defaults.
    @Test(.enabled(if: isThere && hasKubectl, "kubectl or \(path) is not there"))
    func `the values are those that kubectl reads`() throws {
        let renamed =
            "sed 's|^apiVersion: .*|apiVersion: example.test/v1|; s|^kind: .*|kind: Widget|' \(Self.path)"
        let text = try #require(Subprocess.output(of: renamed))
        let printed = try #require(Subprocess.output(of: "\(renamed) | kubectl label --local -f - x=y -o json"))
        var reader = DocumentReader(printed, file: "kubectl")
        let ours = try readDocuments(text, file: Self.path).compactMap(\.root)
        for object in ours {
            let theirs = reader.next()
            #expect(try theirs?.get().root == labelled(object))
        }
        let end = reader.next()
        #expect(end == nil)
    }

    /// The object with the label that kubectl is to add.
    private func labelled(_ object: Node) throws -> Node {
        var fields = try #require(object.mapping)
        var metadata = try #require(object["metadata"]?.mapping)
        metadata["labels"] = .mapping(["x": .string("y")])
        fields["metadata"] = Node(.mapping(metadata), location: object.location)
        return Node(.mapping(fields), location: object.location)
    }
}

/// Runs a line of shell.
private enum Subprocess {
    /// What a command prints, or `nil` if it fails.
    static func output(of command: String) -> [UInt8]? {
        guard let stream = unsafe popen(command, "r") else { return nil }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, stream)
            guard count > 0 else { break }
            output += buffer[..<count]
        }
        return unsafe pclose(stream) == 0 ? output : nil
    }
}
