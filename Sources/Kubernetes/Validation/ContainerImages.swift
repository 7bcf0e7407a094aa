import Base
import YAML

/// The images of containers.
enum ContainerImages {
    static func problems(_ manifest: ManifestObject) -> [Problem] {
        (PodTemplate(manifest)?.containers ?? []).compactMap { container in
            guard let image = container.node["image"] else { return nil }
            return problem(of: image, "\(container.path).image")
        }
    }

    private static func problem(of image: Node, _ path: String) -> Problem? {
        if image.isNull || image.string == "" {
            let message = "field '\(path)' has no value"
            return Problem(.missingField, message, at: image.location, hint: "write the name of the image")
        }
        guard let text = image.string, let wrong = text.unicodeScalars.first(where: { !isAllowed($0) }) else {
            return nil
        }
        let valid = text.unicodeScalars.prefix(while: isAllowed)
        let isRest = !valid.isEmpty && (wrong.properties.isWhitespace || [",", ";", "#"].contains(wrong))
        let shown =
            wrong.isASCII && wrong.value > 32
            ? "'\(wrong)'" : wrong == " " ? "a space" : "U+\(String(wrong.value, radix: 16, uppercase: true))"
        return Problem(
            .wrongFieldValue,
            "field '\(path)': the name of an image cannot contain \(shown), found \(ShownValue(image))",
            at: image.location,
            hint: isRest ? "write '\(String(valid))'" : nil
        )
    }

    /// Returns whether a character can be in a reference to an image, with its registry, tag and digest.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "/", ":", "@", "-", "+", "[", "]": true
        default: false
        }
    }
}
