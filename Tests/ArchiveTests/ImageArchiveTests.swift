import Archive
import Host
import TLS
import TestSupport
import Testing

/// The images of archives, and what is refused before anything is imported.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ImageArchiveTests {
    private typealias Image = ImageArchive.Image

    /// Returns the words with which an archive is refused, with its advice, or the names of its images.
    private func result(_ fill: (inout TarText) -> Void, byteLimit: Int = 1 << 30) throws -> String {
        var tar = TarText()
        fill(&tar)
        return try result(tar.ended, byteLimit: byteLimit)
    }

    private func result(_ bytes: [UInt8], byteLimit: Int = 1 << 30) throws -> String {
        do {
            return "accepted: " + (try images(bytes, byteLimit: byteLimit)).map(\.name).joined(separator: " ")
        } catch let error as ArchiveError {
            return [error.description, error.advice].compactMap(\.self).joined(separator: "; ")
        }
    }

    private func images(_ bytes: [UInt8], byteLimit: Int = 1 << 30) throws -> [Image] {
        let path = TemporaryDirectory.file("images.tar")
        try FileSystem.write(bytes, to: path, mode: 0o644)
        return try ImageArchive(of: path, architecture: "amd64", byteLimit: byteLimit).images
    }

    private func digest(_ text: String) -> String { sha256(Array(text.utf8)) }

    // MARK: Archives of docker save

    private static let layer = "sha256:\(sha256(Array("layer".utf8)))"

    private static let configuration = configuration("amd64", layers: 1)

    /// Returns a configuration with layers of the content `layer`.
    private static func configuration(_ architecture: String, layers: Int, more: String = "") -> String {
        let digests = Array(repeating: "\"\(layer)\"", count: layers).joined(separator: ",")
        return #"{"architecture":"\#(architecture)","os":"linux","rootfs":{"diff_ids":[\#(digests)]}\#(more)}"#
    }

    private func docker(
        _ manifest: String = #"[{"Config":"c.json","RepoTags":["busybox:1"],"Layers":["layer.tar"]}]"#,
        configuration: String = configuration,
        more: (inout TarText) -> Void = { _ in },
    ) throws -> String {
        try result { tar in
            tar.add("manifest.json", .file, manifest)
            tar.add("c.json", .file, configuration)
            tar.add("layer.tar", .file, "layer")
            more(&tar)
        }
    }

    @Test(arguments: [
        ("busybox", "docker.io/library/busybox:latest"), ("busybox:1", "docker.io/library/busybox:1"),
        ("example/tool:2", "docker.io/example/tool:2"), ("localhost/tool", "localhost/tool:latest"),
        ("localhost:5000/tool:3", "localhost:5000/tool:3"),
        ("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10"),
        ("index.docker.io/busybox:1", "docker.io/library/busybox:1"),
    ])
    func `names of docker save are those that containerd gives`(tag: String, name: String) throws {
        let manifest = #"[{"Config":"c.json","RepoTags":["\#(tag)"],"Layers":["layer.tar"]}]"#
        #expect(try docker(manifest) == "accepted: \(name)")
    }

    @Test func `an image of docker save is recognised by its configuration`() throws {
        var tar = TarText()
        tar.add("manifest.json", .file, #"[{"Config":"c.json","RepoTags":["a.test/a:1","a.test/b:1"],"Layers":["l"]}]"#)
        tar.add("c.json", .file, Self.configuration)
        tar.add("l", .file, "layer")
        let content = ImageArchive.Content.configuration("sha256:\(digest(Self.configuration))")
        #expect(
            try images(tar.ended) == [
                Image(name: "a.test/a:1", content: content), Image(name: "a.test/b:1", content: content),
            ]
        )
    }

    /// Returns the bytes that a program compresses.
    private func compressed(_ text: String, by program: [String]) async throws -> [UInt8] {
        let path = TemporaryDirectory.file("layer")
        try FileSystem.write(Array(text.utf8), to: path, mode: 0o644)
        let words = program.joined(separator: " ")
        let result = try await Tool.run("sh", ["-c", "\(words) <'\(path)' >'\(path).out'"])
        try #require(result.status == 0, "\(result.errors)")
        return try FileSystem.read("\(path).out", limit: 1 << 20)
    }

    @Test func `the content of a compressed layer is that of its configuration`() async throws {
        let docker = { (layer: [UInt8], byteLimit: Int) in
            try self.result(
                { tar in
                    tar.add("manifest.json", .file, #"[{"Config":"c.json","RepoTags":["a:1"],"Layers":["layer"]}]"#)
                    tar.add("c.json", .file, Self.configuration)
                    tar.add(Array("layer".utf8), .file, layer)
                },
                byteLimit: byteLimit
            )
        }
        let right = try await compressed("layer", by: ["gzip"])
        #expect(try docker(right, 1 << 20) == "accepted: docker.io/library/a:1")
        let other = try await compressed("other", by: ["gzip"])
        #expect(
            try docker(other, 1 << 20)
                == "is not imported: layer 'layer' is not the one of its configuration; write it again"
        )
        let text = try docker([0x1f, 0x8b] + Array("text".utf8), 1 << 20)
        #expect(text.contains("layer 'layer' is not the one of its configuration"), "\(text)")
        let damaged = "is not imported: layer 'layer' cannot be decompressed; write it again"
        #expect(try docker(Array(right.prefix(right.count - 9)), 1 << 20) == damaged)
        let large = try await compressed(String(repeating: "0", count: 1 << 20), by: ["gzip"])
        let words = try docker(large, 100_000)
        #expect(words.hasPrefix("is not imported: its layers have more than "), "\(words)")
        #expect(words.hasSuffix(" when they are decompressed"), "\(words)")
    }

    @Test func `a layer may be a link to that of another image`() throws {
        let manifest = #"[{"Config":"c.json","RepoTags":["a.test/a:1"],"Layers":["two/layer.tar"]}]"#
        let words = try docker(manifest) { tar in
            tar.add("one/layer.tar", .file, "layer")
            tar.add("two/layer.tar", .link, target: "../one/layer.tar")
        }
        #expect(words == "accepted: a.test/a:1")
    }

    @Test(arguments: [
        (#"[]"#, "its images have no names"), (#"{}"#, "'manifest.json' is not a list"),
        (#"[{"Config":"c.json","RepoTags":null,"Layers":["layer.tar"]}]"#, "its images have no names"),
        (#"[{"Config":"c.json","RepoTags":["a:1"],"Layers":["other.tar"]}]"#, "it lacks layer 'other.tar'"),
        (#"[{"Config":"c.json","RepoTags":["a:1"],"Layers":["c.json"]}]"#, "is not the one of its configuration"),
        (
            #"[{"Config":"c.json","RepoTags":["a:1"],"Layers":[]}]"#,
            "it has 0 layers of an image whose configuration has 1"
        ),
        (#"[{"Config":"c.json","RepoTags":["a:1"],"repotags":["b:1"],"Layers":["layer.tar"]}]"#, "differ in case only"),
        (#"[{"Config":"c.json","RepoTags":["a:1@sha256:0"],"Layers":["layer.tar"]}]"#, "is not a name with a tag"),
        (#"[{"Config":"c.json","RepoTags":["Busybox:1"],"Layers":["layer.tar"]}]"#, "cannot be the name"),
        (#"[{"Config":"c.json","RepoTags":["a:1:2"],"Layers":["layer.tar"]}]"#, "cannot be the name"),
        (#"[{"Config":"c.json","RepoTags":["a:-1"],"Layers":["layer.tar"]}]"#, "cannot be the name"),
        (#"[{"Config":"d.json","RepoTags":["a:1"],"Layers":["layer.tar"]}]"#, "names no configuration"),
        (#"[{"Config":"../c.json","RepoTags":["a:1"],"Layers":["layer.tar"]}]"#, "names no configuration"),
        (#"[{"RepoTags":["a:1"],"Layers":["layer.tar"]}]"#, "names no configuration"),
        (#"[{"Config":"c.json","RepoTags":["a:1"],"Layers":"layer.tar"}]"#, "is not a list"),
        (#"[{"Config":"c.json","RepoTags":[1],"Layers":["layer.tar"]}]"#, "not a list of names"),
        (#"[{"Config":"c.json","RepoTags":["--help"],"Layers":["layer.tar"]}]"#, "cannot be the name"),
        (#"[{"Config":"c.json","RepoTags":["a:1\n"],"Layers":["layer.tar"]}]"#, "cannot be the name"),
        (#"[{"Config":"c.json","RepoTags":["a b:1"],"Layers":["layer.tar"]}]"#, "cannot be the name"),
        (#"[{"Config":"c.json","RepoTags":["a\"||name~=.*:1"],"Layers":["layer.tar"]}]"#, "cannot be the name"),
        (#"[{"Config":"c.json","RepoTags":["a:1"],"Layers":["layer.tar"]"#, "'manifest.json' is not JSON"),
        (#"[1"#, "'manifest.json' is not JSON"), ("text", "'manifest.json' is missing, too large, or not JSON"),
    ])
    func `damaged manifests are refused`(manifest: String, words: String) throws {
        let refusal = try docker(manifest)
        #expect(refusal.contains(words))
    }

    @Test func `an image of another architecture is refused`() throws {
        let words = try docker(configuration: Self.configuration("arm64", layers: 1))
        #expect(
            words
                == "is not imported: its images are for arm64, and this node is amd64; save the image of this architecture: "
                + "pull it with --platform linux/amd64"
        )
    }

    @Test func `two images of one name are refused`() throws {
        let manifest = #"""
            [{"Config":"c.json","RepoTags":["a:1"],"Layers":["layer.tar"]},
            {"Config":"d.json","RepoTags":["a:1"],"Layers":[]}]
            """#
        let words = try docker(manifest) { $0.add("d.json", .file, Self.configuration("amd64", layers: 0)) }
        #expect(words.contains("it has two images of the name 'docker.io/library/a:1'"))
    }

    @Test(arguments: [
        ("/etc/passwd", TarText.Kind.file, "absolute name"), ("../out", .file, "leads out"),
        ("a/../../out", .file, "leads out"), ("dev", .characterDevice, "character device"),
        ("disk", .blockDevice, "block device"), ("pipe", .fifo, "FIFO"), ("c.json", .file, "c.json"),
        ("c.json/below", .file, "c.json"), ("hard", .hardLink, "absolute name"),
        ("a\u{1}b", .file, "control character"),
    ])
    func `hostile entries are refused`(name: String, kind: TarText.Kind, words: String) throws {
        let refusal = try docker { $0.add(name, kind, target: kind == .hardLink ? "/etc/passwd" : "") }
        #expect(refusal.contains(words))
        #expect(refusal.hasPrefix("is not imported: "))
    }

    @Test func `a document may begin with white space, and its path with a dot`() throws {
        let manifest = "\n " + #"[{"Config":"./c.json","RepoTags":["a:1"],"Layers":["./layer.tar"]}]"#
        #expect(try docker(manifest) == "accepted: docker.io/library/a:1")
    }

    @Test func `a hard link, and an image of another system, are refused`() throws {
        #expect(try docker { $0.add("hard", .hardLink, target: "layer.tar") }.contains("is a hard link"))
        let words = try docker(configuration: #"{"architecture":"amd64","os":"windows"}"#)
        #expect(words.contains("its images are for windows, and this node has Linux"))
    }

    @Test func `archives of something else are refused`() throws {
        #expect(try result { $0.add("bin/tool", .file, "tool") }.contains("neither 'manifest.json' nor 'oci-layout'"))
        #expect(try result { _ in }.contains("neither 'manifest.json' nor 'oci-layout'"))
        #expect(try result(Array("text".utf8)).contains("cannot be unpacked"))
        #expect(try result([]).hasPrefix("accepted") == false)
        #expect(
            try result({ $0.add("big", .file, String(repeating: "a", count: 2000)) }, byteLimit: 1000).contains(
                "more than"
            )
        )
    }

    @Test func `an archive that was cut is refused`() throws {
        var tar = TarText()
        tar.add("manifest.json", .file, #"[{"Config":"c.json","RepoTags":["a:1"],"Layers":["layer.tar"]}]"#)
        tar.add("c.json", .file, Self.configuration)
        tar.add("layer.tar", .file, "layer")
        for length in stride(from: 1, to: tar.bytes.count - 512, by: 57) {
            #expect(try !result(Array(tar.bytes.prefix(length))).hasPrefix("accepted"))
        }
    }

    // MARK: OCI image layouts

    private static let manifestType = "application/vnd.oci.image.manifest.v1+json"

    /// The blobs of a layout, each with its digest as its name.
    private struct Layout {
        var blobs: [(digest: String, text: String)] = []
        var index = ""

        mutating func add(_ text: String) -> String {
            let digest = sha256(Array(text.utf8))
            blobs.append((digest, text))
            return "sha256:\(digest)"
        }

        /// Adds a manifest and returns its digest.
        mutating func manifest(
            configuration: String = ImageArchiveTests.configuration,
            layer: String = "layer"
        ) -> String {
            let configuration = add(configuration)
            let layer = add(layer)
            let types = ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar")
            return add(
                #"""
                {"config":{"mediaType":"\#(types.0)","digest":"\#(configuration)"},
                "layers":[{"mediaType":"\#(types.1)","digest":"\#(layer)"}]}
                """#
            )
        }

        mutating func name(
            _ digest: String,
            _ annotation: String = "io.containerd.image.name",
            _ name: String = "a.test/a:1"
        ) {
            let type = ImageArchiveTests.manifestType
            index =
                #"{"manifests":[{"mediaType":"\#(type)","digest":"\#(digest)","annotations":{"\#(annotation)":"\#(name)"}}]}"#
        }

        func write(_ tar: inout TarText) {
            tar.add("oci-layout", .file, #"{"imageLayoutVersion":"1.0.0"}"#)
            tar.add("index.json", .file, index)
            for (digest, text) in blobs { tar.add("blobs/sha256/\(digest)", .file, text) }
        }
    }

    private func layout(_ fill: (inout Layout) -> Void) throws -> String {
        var layout = Layout()
        fill(&layout)
        return try result { layout.write(&$0) }
    }

    @Test(arguments: [
        ("io.containerd.image.name", "a.test/a:1"), ("org.opencontainers.image.ref.name", "a.test/a:1"),
    ])
    func `an image of a layout is recognised by its manifest`(annotation: String, name: String) throws {
        var layout = Layout()
        let manifest = layout.manifest()
        layout.name(manifest, annotation, name)
        var tar = TarText()
        layout.write(&tar)
        #expect(try images(tar.ended) == [Image(name: name, content: .target(manifest))])
    }

    @Test func `an index needs the parts of the node's architecture only`() throws {
        let words = try layout { layout in
            let manifest = layout.manifest()
            let absent = "sha256:" + String(repeating: "a", count: 64)
            let index = layout.add(
                #"""
                {"manifests":[{"digest":"\#(absent)","platform":{"architecture":"arm64","os":"linux"}},
                {"mediaType":"\#(Self.manifestType)","digest":"\#(manifest)",
                "platform":{"architecture":"amd64","os":"linux"}}]}
                """#
            )
            layout.name(index)
        }
        #expect(words == "accepted: a.test/a:1")
    }

    @Test func `a layout without a part of the image, or with a damaged one, is refused`() throws {
        for lost in 0..<3 {
            let words = try layout { layout in
                layout.name(layout.manifest())
                layout.blobs.remove(at: lost)
            }
            #expect(words.contains("it lacks 'blobs/sha256/"))
        }
        for damaged in 0..<3 {
            let words = try layout { layout in
                layout.name(layout.manifest())
                layout.blobs[damaged].text += " "
            }
            #expect(words.contains("has another digest than its name"))
        }
    }

    @Test func `layouts without names, for other platforms or with wrong documents are refused`() throws {
        #expect(
            try layout { layout in
                layout.name(layout.manifest(), "org.opencontainers.image.ref.name", "latest")
            }.contains("its images have no names")
        )
        #expect(
            try layout { layout in
                let index = layout.add(#"{"manifests":[{"digest":"sha256:0","platform":{"architecture":"s390x"}}]}"#)
                layout.name(index)
            }.contains("its images are for s390x, and this node is amd64")
        )
        #expect(
            try layout { layout in
                layout.name(layout.manifest())
                layout.index.replace(Self.manifestType, with: "application/octet-stream")
            }.contains("of the type 'application/octet-stream', which images do not have")
        )
        #expect(try layout { $0.name("md5:1") }.contains("is not a SHA-256 digest"))
        #expect(try layout { $0.name("sha256:../../etc/passwd") }.contains("is not a SHA-256 digest"))
        #expect(try layout { $0.name($0.add("{}")) }.contains("neither a manifest nor an index"))
        #expect(try layout { $0.index = #"{"manifests":[{}]}"# }.contains("has no digest"))
        #expect(try layout { $0.index = "[]" }.contains("is not a list"))
        #expect(try layout { $0.name($0.add("not JSON")) }.contains("not JSON"))
        #expect(try layout { $0.name($0.add("{" + String(repeating: "[", count: 100_000))) }.contains("not JSON"))
    }

    @Test func `indexes within each other are refused`() throws {
        let words = try layout { layout in
            var digest = layout.manifest()
            for _ in 0..<6 {
                digest = layout.add(#"{"manifests":[{"mediaType":"\#(Self.manifestType)","digest":"\#(digest)"}]}"#)
            }
            layout.name(digest)
        }
        #expect(words.contains("more than 4 indexes within each other"))
    }
}
