/// The category of the state of a task or node, which determines its colour.
public enum StateTone: String, Sendable, Hashable, CaseIterable {
    case succeeded
    case failed
    case running
    case waiting
    /// Work that has not started.
    case pending
    /// Work that has ended without success or failure, or whose state is unknown.
    case incomplete

    /// The colour in pictures that this program draws.
    public var colour: SVGColour {
        switch self {
        case .succeeded: .succeeded
        case .failed: .failed
        case .running: .running
        case .waiting, .incomplete: .waiting
        case .pending: .inactive
        }
    }

    /// The colour of a text about the state, which is legible on light and dark pages.
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
