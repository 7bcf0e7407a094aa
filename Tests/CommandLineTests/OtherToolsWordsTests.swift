import Testing

@testable import nest_bootstrap

/// Hints at commands and flags that are meant by those of other programs: carried out, they must work.
@Suite(.timeLimit(.minutes(30)))
struct OtherToolsWordsTests {
    @Test(arguments: OtherToolsWords.commands.sorted { $0.key < $1.key })
    func `a call in a hint can be parsed, and no command has the other name`(word: String, call: String) throws {
        _ = try parseArguments(call.split(separator: " ").map(String.init))
        #expect(!shownCommands.contains { $0.name == word })
    }

    @Test(arguments: OtherToolsWords.flags.sorted { $0.key < $1.key })
    func `a flag in a hint is one of a command`(other: String, ours: [String]) {
        for flag in ours {
            let name = String(flag.prefix { $0 != " " })
            #expect(shownCommands.contains { FlagForm.named(name, of: $0) != nil }, "\(flag)")
        }
    }
}
