/// The kind of a state, of a task or of a node, which chooses its colour wherever there are colours.
public enum StateTone: String, Sendable, Hashable, CaseIterable {
    case succeeded
    case failed
    case running
    case waiting
    /// It has not begun.
    case pending
    /// It has ended without success or failure, or is not known.
    case incomplete

    /// The colour in pictures that this program draws itself.
    public var colour: SVGColour {
        switch self {
        case .succeeded: .succeeded
        case .failed: .failed
        case .running: .running
        case .waiting, .incomplete: .waiting
        case .pending: .inactive
        }
    }

    /// The colour of a text about the state, which can be read on every page.
    public var textColour: SVGColour {
        switch self {
        case .succeeded: .text
        case .failed: .failed
        case .running: .running
        case .waiting, .incomplete, .pending: .muted
        }
    }

    /// The colours of a box with dark text, in pictures that other programs draw.
    public var boxColours: (fill: String, line: String) {
        switch self {
        case .succeeded: ("#dafbe1", "#1a7f37")
        case .failed: ("#ffebe9", "#d1242f")
        case .running: ("#ddf4ff", "#0969da")
        case .waiting, .incomplete: ("#fff8c5", "#bf8700")
        case .pending: ("#eaeef2", "#818b98")
        }
    }
}
