import CSchemas

/// Returns the schemas of the kinds of Kubernetes, which are a part of the program, as the text that `tools/schemas` writes.
public func kubernetesSchemaText() -> [UInt8] {
    var size: UInt = 0
    guard let start = unsafe nest_schemas(&size) else { return [] }
    return unsafe Array(UnsafeBufferPointer(start: start, count: Int(size)))
}
