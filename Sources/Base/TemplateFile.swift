import CSchemas
import CTemplates

/// A file that `init KIND` writes.
public struct TemplateFile: Sendable, Hashable {
    /// The path relative to the output directory, such as `manifests/flannel.yaml`.
    public let path: String

    public let content: [UInt8]

    public init(path: String, content: [UInt8]) {
        (self.path, self.content) = (path, content)
    }

    /// Returns the embedded templates of a kind such as `kubeadm`, or an empty array if the kind is unknown.
    public static func all(of kind: String) -> [TemplateFile] {
        var count: UInt = 0
        guard let start = unsafe nest_templates(&count) else { return [] }
        return unsafe UnsafeBufferPointer(start: start, count: Int(count)).compactMap { file in
            guard unsafe String(cString: file.kind) == kind else { return nil }
            let content = unsafe Array(UnsafeBufferPointer(start: file.content, count: Int(file.size)))
            return unsafe TemplateFile(path: String(cString: file.path), content: content)
        }
    }
}

/// Returns the embedded schemas of the Kubernetes kinds, as the text that `tools/schemas` writes.
public func kubernetesSchemaText() -> [UInt8] {
    var size: UInt = 0
    guard let start = unsafe nest_schemas(&size) else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(size)))
}
