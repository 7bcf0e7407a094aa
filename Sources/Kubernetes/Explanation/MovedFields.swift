/// Fields of earlier API versions that have another form in the version that is left.
///
/// Source: the [migration guide](https://kubernetes.io/docs/reference/using-api/deprecation-guide/) of Kubernetes.
enum MovedFields {
    /// Finds what to write for a field that a definition no longer has.
    ///
    /// - Parameters:
    ///   - field: The name of the field.
    ///   - definition: The name of the definition, such as `io.k8s.api.networking.v1.IngressBackend`.
    /// - Returns: The hint, or `nil` if the field did not move.
    static func hint(for field: String, in definition: String) -> String? {
        guard definition.hasPrefix("io.k8s.") else { return nil }
        let name = definition.split(separator: ".").suffix(2).joined(separator: ".")
        return hints[name]?[field]
    }

    /// The hints by definition and field.
    private static let hints: [String: [String: String]] = [
        "v1.IngressBackend": [
            "serviceName": "write 'service: {name: NAME, port: {number: PORT}}' for 'serviceName' and 'servicePort'",
            "servicePort": "write 'service: {name: NAME, port: {number: PORT}}' for 'serviceName' and 'servicePort'",
        ],
        "v1.IngressSpec": ["backend": "write 'defaultBackend'"],
        "v1.CustomResourceDefinitionSpec": [
            "version": "write 'versions: [{name: VERSION, served: true, storage: true, schema: …}]'",
            "validation": "move its 'openAPIV3Schema' to 'schema' of each item of 'versions'",
            "subresources": "move it to each item of 'versions'",
            "additionalPrinterColumns": "move it to each item of 'versions'",
        ],
        "v2.ResourceMetricSource": [
            "targetAverageUtilization": "write 'target: {type: Utilization, averageUtilization: PERCENT}'",
            "targetAverageValue": "write 'target: {type: AverageValue, averageValue: QUANTITY}'",
        ],
        "v1.Endpoint": ["topology": "write 'nodeName: NODE' and 'zone: ZONE'"],
    ]
}
