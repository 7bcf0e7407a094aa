/// Basic shapes shared by several pictures.
extension SVGElement {
    /// Creates a text on one line.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - classes: The class of the text's colour, and the text classes of ``SVGDocument/markup``.
    ///   - x: The start of the text, or its end or middle with the class `end` or `middle`.
    ///   - y: The base line.
    /// - Returns: The element.
    public static func label(_ text: String, _ classes: String, x: Double, y: Double) -> SVGElement {
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
    public static func bar(_ colour: SVGColour, x: Double, y: Double, width: Double, height: Double) -> SVGElement {
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
    public static func line(
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
    public static func dot(_ colour: SVGColour, x: Double, y: Double) -> SVGElement {
        SVGElement("circle", ["class": colour.fill, "cx": svgNumber(x), "cy": svgNumber(y), "r": "3.5"])
    }
}
