import Host
import TestSupport
import Testing

@testable import Reporting

/// Which bytes draw a frame, and what becomes of it when the window changes.
@Suite(.timeLimit(.minutes(30)))
struct TerminalScreenTests {
    private let size = TerminalSize(columns: 40, rows: 6)

    private func lines(_ texts: String...) -> [ScreenLine] {
        texts.map { ScreenLine(marked: $0, tone: .progress) }
    }

    @Test func `only lines that differ are written`() {
        var screen = TerminalScreen(isColoured: false)
        #expect(
            screen.draw(staying: [], live: lines("a", "b", "c"), in: size)
                == "\ra\u{1b}[K\nb\u{1b}[K\nc\u{1b}[K\n\u{1b}[J"
        )
        #expect(screen.draw(staying: [], live: lines("a", "b", "c"), in: size) == "")
        #expect(screen.draw(staying: [], live: lines("a", "x", "c"), in: size) == "\r\u{1b}[2Ax\u{1b}[K\n\u{1b}[1B")
        #expect(
            screen.draw(staying: [], live: lines("y", "x", "z"), in: size)
                == "\r\u{1b}[3Ay\u{1b}[K\n\u{1b}[1Bz\u{1b}[K\n"
        )
        #expect(screen.draw(staying: [], live: lines("y"), in: size) == "\r\u{1b}[2A\u{1b}[J")
        #expect(screen.draw(staying: [], live: lines("y", "b"), in: size) == "\rb\u{1b}[K\n")
        #expect(
            screen.draw(staying: lines("s"), live: lines("y", "b"), in: size)
                == "\r\u{1b}[2As\u{1b}[K\ny\u{1b}[K\nb\u{1b}[K\n\u{1b}[J"
        )
    }

    @Test(arguments: [true, false])
    func `a smaller window shows the lines that stay and the view, whatever it does with long lines`(wraps: Bool) {
        let long = String(repeating: "x", count: 30)
        var screen = TerminalScreen(isColoured: false)
        var terminal = Screen(columns: 40, rows: 6)
        terminal.feed("$ nest-bootstrap run\n")
        terminal.feed(screen.draw(staying: lines("s1", "s2"), live: lines("a\(long)", "b\(long)"), in: size))
        #expect(terminal.window == ["$ nest-bootstrap run", "s1", "s2", "a\(long)", "b\(long)"])
        terminal.resize(columns: 20, rows: 6, wrapsLines: wraps)
        let small = TerminalSize(columns: 20, rows: 6)
        terminal.feed(screen.draw(staying: [], live: lines("a", "b"), in: small))
        #expect(terminal.window == ["s1", "s2", "a", "b"])
        // What stays goes on above the view.
        terminal.feed(screen.draw(staying: lines("s3"), live: lines("a", "b2"), in: small))
        #expect(terminal.window == ["s1", "s2", "s3", "a", "b2"])
    }

    @Test func `a lower window shows the last of the lines that stay`() {
        var screen = TerminalScreen(isColoured: false)
        var terminal = Screen(columns: 40, rows: 6)
        terminal.feed(screen.draw(staying: lines("s1", "s2"), live: lines("a", "b", "c"), in: size))
        terminal.resize(columns: 40, rows: 4, wrapsLines: true)
        terminal.feed(
            screen.draw(staying: lines("s3"), live: lines("a", "b"), in: TerminalSize(columns: 40, rows: 4))
        )
        #expect(terminal.window == ["s3", "a", "b"])
    }

    @Test func `a larger window keeps everything`() {
        var screen = TerminalScreen(isColoured: false)
        var terminal = Screen(columns: 40, rows: 6)
        terminal.feed("$ nest-bootstrap run\n")
        terminal.feed(screen.draw(staying: lines("s1"), live: lines("a"), in: size))
        terminal.resize(columns: 60, rows: 10, wrapsLines: true)
        terminal.feed(screen.draw(staying: [], live: lines("a2", "b"), in: TerminalSize(columns: 60, rows: 10)))
        #expect(terminal.text == "$ nest-bootstrap run\ns1\na2\nb\n")
    }

    @Test func `what was typed below the view is removed at the end`() {
        var screen = TerminalScreen(isColoured: false)
        var terminal = Screen(columns: 40, rows: 6)
        terminal.feed(screen.draw(staying: [], live: lines("a", "b"), in: size))
        terminal.feed("^C")
        terminal.feed(screen.redraw())
        #expect(terminal.text == "a\nb\n")
    }
}
