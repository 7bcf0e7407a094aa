import Base

/// An element of an SVG picture.
///
/// All texts and attributes are escaped, so none of them can add elements.
struct SVGElement: Sendable {
    private let name: String
    private let attributes: KeyValuePairs<String, String>
    private let children: [SVGElement]
    private let text: String?

    /// Creates an element with child elements.
    ///
    /// - Parameters:
    ///   - name: The element's name, such as `g` or `rect`.
    ///   - attributes: The attributes in order; see ``svgNumber(_:)`` for numbers.
    ///   - children: The child elements.
    init(
        _ name: String,
        _ attributes: KeyValuePairs<String, String> = [:],
        _ children: [SVGElement] = [],
    ) {
        (self.name, self.attributes, self.children) = (name, attributes, children)
        text = nil
    }

    /// Creates an element that contains text, such as `text` or `title`.
    ///
    /// - Parameters:
    ///   - name: The element's name.
    ///   - attributes: The attributes in order.
    ///   - text: The text.
    init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String) {
        (self.name, self.attributes, self.text) = (name, attributes, text)
        children = []
    }

    /// Formats the element as lines of XML.
    ///
    /// - Parameter indentation: The number of spaces before the element.
    /// - Returns: The lines, each with a line break.
    func markup(indentation: Int = 0) -> String {
        let space = String(repeating: " ", count: indentation)
        let head = "\(space)<\(name)" + attributes.map { " \($0.key)=\"\(svgEscaped($0.value))\"" }.joined()
        if let text { return "\(head)>\(svgEscaped(text))</\(name)>\n" }
        if children.isEmpty { return "\(head)/>\n" }
        return "\(head)>\n" + children.map { $0.markup(indentation: indentation + 2) }.joined() + "\(space)</\(name)>\n"
    }
}

/// Basic shapes.
extension SVGElement {
    /// Creates a text on one line.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - classes: The class of the text's colour, and the text classes of ``SVGDocument/markup``.
    ///   - x: The start of the text, or its middle with the class `middle`.
    ///   - y: The base line.
    /// - Returns: The element.
    static func label(_ text: String, _ classes: String, x: Double, y: Double) -> SVGElement {
        SVGElement("text", ["class": classes, "x": svgNumber(x), "y": svgNumber(y)], text: text)
    }

    /// Creates a horizontal bar.
    ///
    /// - Parameters:
    ///   - colour: The colour of the bar.
    ///   - x: The left edge.
    ///   - y: The middle.
    ///   - width: The width in pixels.
    ///   - height: The height in pixels.
    /// - Returns: The element.
    static func bar(_ colour: SVGColour, x: Double, y: Double, width: Double, height: Double) -> SVGElement {
        SVGElement(
            "rect",
            [
                "class": colour.fill, "x": svgNumber(x), "y": svgNumber(y - height / 2), "width": svgNumber(width),
                "height": svgNumber(height), "rx": "1",
            ]
        )
    }

    /// Creates a horizontal line.
    ///
    /// - Parameters:
    ///   - colour: The colour of the line.
    ///   - x: The left end.
    ///   - end: The right end.
    ///   - y: The middle.
    ///   - dashes: The lengths of the dashes and of the spaces between them.
    /// - Returns: The element.
    static func line(
        _ colour: SVGColour,
        x: Double,
        to end: Double,
        y: Double,
        dashes: String = "none",
    ) -> SVGElement {
        SVGElement(
            "line",
            [
                "class": colour.stroke, "x1": svgNumber(x), "x2": svgNumber(end), "y1": svgNumber(y),
                "y2": svgNumber(y), "stroke-width": "2", "stroke-dasharray": dashes,
            ]
        )
    }

    /// Creates a small disc around a point.
    static func dot(_ colour: SVGColour, x: Double, y: Double) -> SVGElement {
        SVGElement("circle", ["class": colour.fill, "cx": svgNumber(x), "cy": svgNumber(y), "r": "3.5"])
    }
}

/// A colour of a picture, with one value for light and one for dark pages.
///
/// Elements use the colour through a class: ``fill`` for areas and texts, ``stroke`` for lines.
enum SVGColour: String, Sendable, Hashable, CaseIterable {
    /// The page.
    case page
    /// Text, and less important text.
    case text, muted
    /// Lines that structure the picture.
    case line
    /// States, and inactive elements.
    case succeeded, failed, running, waiting, inactive
    /// The part to which the picture draws attention.
    case accent

    /// The class of elements whose area or text has the colour.
    var fill: String { "fill-\(rawValue)" }

    /// The class of elements whose lines have the colour.
    var stroke: String { "stroke-\(rawValue)" }

    private var light: String {
        switch self {
        case .page: "#ffffff"
        case .text: "#1f2328"
        case .muted: "#59636e"
        case .line: "#d1d9e0"
        case .succeeded: "#1a7f37"
        case .failed: "#d1242f"
        case .running: "#0969da"
        case .waiting: "#bf8700"
        case .inactive: "#818b98"
        case .accent: "#8250df"
        }
    }

    private var dark: String {
        switch self {
        case .page: "#0d1117"
        case .text: "#f0f6fc"
        case .muted: "#9198a1"
        case .line: "#3d444d"
        case .succeeded: "#3fb950"
        case .failed: "#f85149"
        case .running: "#58a6ff"
        case .waiting: "#d29922"
        case .inactive: "#7d8590"
        case .accent: "#bc8cff"
        }
    }

    /// The style sheet of all colours: plain classes, because many viewers do not support CSS variables.
    fileprivate static var styleSheet: String {
        func rules(_ colour: (SVGColour) -> String) -> [String] {
            allCases.map { ".\($0.fill){fill:\(colour($0))}.\($0.stroke){stroke:\(colour($0))}" }
        }
        let dark = ["@media (prefers-color-scheme:dark){"] + rules(\.dark) + ["}"]
        return (rules(\.light) + dark).map { "\($0)\n" }.joined()
    }
}

/// A picture for any browser, on light and dark pages, without scripts or external files.
struct SVGDocument: Sendable {
    /// The width in pixels.
    var width: Double

    /// The height in pixels.
    var height: Double

    /// The subject of the picture, for its tooltip and for screen readers.
    var title: String

    /// The content of the picture, for screen readers.
    var description: String

    /// The elements, in drawing order.
    var content: [SVGElement]

    init(width: Double, height: Double, title: String, description: String, content: [SVGElement]) {
        (self.width, self.height) = (width, height)
        (self.title, self.description) = (title, description)
        self.content = content
    }

    /// The default size of text, in pixels.
    static let fontSize = 13.0

    /// The picture as XML.
    ///
    /// The style sheet defines the classes of ``SVGColour``, and for texts `small`, `strong` and
    /// `middle`.
    var markup: String {
        let (width, height) = (svgNumber(width), svgNumber(height))
        let attributes: KeyValuePairs = [
            "xmlns": "http://www.w3.org/2000/svg", "width": width, "height": height,
            "viewBox": "0 0 \(width) \(height)", "role": "img", "aria-labelledby": "title description",
        ]
        let fonts = "system-ui,-apple-system,'Segoe UI',Roboto,'Liberation Sans',sans-serif"
        let style =
            "text{font:\(svgNumber(Self.fontSize))px \(fonts)}\n"
            + "text.small{font-size:11px}text.strong{font-weight:600}\n"
            + "text.middle{text-anchor:middle}\n"
        let head = [
            SVGElement("title", ["id": "title"], text: title),
            SVGElement("desc", ["id": "description"], text: description),
            SVGElement("style", text: "\n" + style + SVGColour.styleSheet),
            SVGElement("rect", ["class": SVGColour.page.fill, "width": "100%", "height": "100%"]),
        ]
        return SVGElement("svg", attributes, head + content).markup()
    }
}

/// Formats a number for an attribute, with at most one decimal.
///
/// - Parameter number: The number; infinity and NaN count as 0.
/// - Returns: The text, such as `12` or `-0.5`.
func svgNumber(_ number: Double) -> String {
    guard number.isFinite else { return "0" }
    let tenths = Int(min(max(number * 10, -1e15), 1e15).rounded())
    let whole = "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10)"
    return tenths % 10 == 0 ? whole : "\(whole).\(abs(tenths) % 10)"
}

/// Estimates the width of a text in pixels.
///
/// - Parameters:
///   - text: The text.
///   - size: The font size.
/// - Returns: The width in a wide font; most texts are narrower.
func svgTextWidth(_ text: String, size: Double = SVGDocument.fontSize) -> Double {
    text.unicodeScalars.reduce(0) { $0 + (($1.value < 0x1100 ? 0.61 : 1.05) * size) }
}

/// Estimates the width of a text that is neither code nor bold, in pixels.
///
/// - Parameters:
///   - text: The text.
///   - size: The font size.
/// - Returns: The width in DejaVu Sans, which is wider than most fonts.
func svgProseWidth(_ text: String, size: Double = SVGDocument.fontSize) -> Double {
    text.unicodeScalars.reduce(0) { width, scalar in
        let share =
            switch scalar {
            case " ", "f", "i", "j", "l", "r", "t", "I", "J", ".", ",", ":", ";", "'", "|", "/", "-", "(", ")": 0.4
            case "m", "w", "M", "W", "@", "%": 1.0
            case "A"..."Z": 0.75
            default: scalar.value < 0x1100 ? 0.63 : 1.05
            }
        return width + share * size
    }
}

/// Truncates a text that is wider than a number of pixels, with an ellipsis.
///
/// - Parameters:
///   - text: The text.
///   - width: The maximum width in pixels.
/// - Returns: The text, or its beginning with an ellipsis.
func svgText(_ text: String, within width: Double) -> String {
    guard svgTextWidth(text) > width else { return text }
    var kept = ""
    var used = svgTextWidth(".")
    for character in text {
        used += svgTextWidth(String(character))
        if used > width { break }
        kept.append(character)
    }
    return "\(kept)…"
}

/// Escapes a text for an element or an attribute.
///
/// Characters that XML does not allow, or that change the direction of writing, are escaped as on a terminal.
private func svgEscaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "&": escaped += "&amp;"
        case "<": escaped += "&lt;"
        case ">": escaped += "&gt;"
        case "\"": escaped += "&quot;"
        case "\n": escaped += "\n"
        default: escaped += scalar.escape ?? String(scalar)
        }
    }
    return escaped
}
