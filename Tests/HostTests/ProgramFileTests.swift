import Base
import Host
import TestSupport
import Testing

/// Files that the kernel does not start.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ProgramFileTests {
    private var path: String { TemporaryDirectory.file("program") }

    private func fault(
        _ content: [UInt8],
        mode: UInt32 = 0o755,
        searchPath: String? = nil,
        hasFailed: Bool = false
    ) throws -> String? {
        try FileSystem.write(content, to: path, mode: mode)
        let fault = ProgramFile.fault(of: path, searchPath: searchPath, hasFailed: hasFailed)
        return fault.map { "\($0.reason); \($0.advice)".replacing(path, with: "FILE") }
    }

    private func fault(_ text: String, mode: UInt32 = 0o755, searchPath: String? = nil) throws -> String? {
        try fault(Array(text.utf8), mode: mode, searchPath: searchPath)
    }

    @Test func `what starts has no fault`() throws {
        #expect(ProgramFile.fault(of: "/bin/sh") == nil)
        #expect(try fault("#!/bin/sh -e\n") == nil)
        #expect(try fault("#! /usr/bin/env sh\n", searchPath: "/bin:/usr/bin") == nil)
        #expect(try fault("#!/usr/bin/env -S A=b sh -e\n", searchPath: "/bin:/usr/bin") == nil)
        #expect(ProgramFile.fault(of: "/nowhere/at/all") == nil)
    }

    @Test func `a script that a shell runs has no lines with CR LF`() throws {
        func fault(_ text: String) throws -> String? {
            let path = TemporaryDirectory.file("script")
            try Files.write(Array(text.utf8), to: path, mode: 0o644)
            return ProgramFile.lineFault(of: path).map { "\($0.reason); \($0.advice)" }
        }
        #expect(
            try fault("#!/bin/sh -e\r\nmkdir a\r\n")?.contains("a shell takes the CR for a part of the words") == true
        )
        #expect(try fault("mkdir a\r\n")?.contains("sed -i") == true)
        #expect(try fault("#!/bin/sh\nprintf 'a\r\n'\n") == nil)
        #expect(try fault("") == nil)
        #expect(try fault("mkdir a") == nil)
    }

    @Test func `the first line of a script says why it does not start`() throws {
        #expect(
            try fault("#!/bin/sh\r\necho\r\n")
                == #"has lines that end with CR LF, so its interpreter would be '/bin/sh\r'; run sed -i 's/\r$//' FILE"#
        )
        #expect(
            try fault([0xEF, 0xBB, 0xBF] + Array("#!/bin/sh\n".utf8))
                == #"has a byte order mark before '#!'; run sed -i '1s/^\xEF\xBB\xBF//' FILE"#
        )
        #expect(
            try fault("#!/bin/shh\n")
                == "has the interpreter '/bin/shh' in its first line, which does not exist; did you mean '/bin/sh'?"
        )
        #expect(
            try fault("#!/usr/bin/env nest-nothing\n", searchPath: "/bin")
                == "has the interpreter 'nest-nothing' in its first line, which is not in PATH; install it"
        )
        #expect(try fault("#!\n")?.hasPrefix("names no interpreter after '#!'; ") == true)
        let (missing, late) = (try fault("import sys\n"), try fault("\n#!/bin/sh\n"))
        #expect(missing?.hasSuffix("; write its interpreter into the first line, such as '#!/bin/sh'") == true)
        #expect(late?.hasSuffix("; begin the file with '#!'") == true)
        #expect(try fault([0x1F, 0x8B, 0])?.hasSuffix("; name another program") == true)
        #expect(try fault("#!/bin/sh\n", mode: 0o644) == "is not executable; run 'chmod +x FILE'")
        #expect(try fault("") == "is empty; write the program, or name another one")
        #expect(ProgramFile.fault(of: TemporaryDirectory.path)?.reason == "is a directory")
    }

    @Test func `the header of a program says why it does not start`() throws {
        let program = try FileSystem.read(FileSystem.realPath("/bin/true"), limit: 1 << 20)
        #expect(try fault(program) == nil)
        var other = program
        other[18] = 243
        other[19] = 0
        // An emulator may start it.
        #expect(try fault(other) == nil)
        #expect(try fault(other, hasFailed: true)?.hasPrefix("is a program for RISC-V, and this machine is ") == true)
        other[18] = 99
        #expect(
            try fault(other, hasFailed: true)?.hasPrefix(
                "is a program for another kind of machine, and this machine is "
            ) == true
        )
        other = program
        other[4] = 1
        #expect(try fault(other, hasFailed: true)?.hasPrefix("is a program for 32-bit machines (") == true)
        #expect(try fault(Array(program.prefix(40)))?.hasPrefix("is truncated; ") == true)
        let loader = try #require(program.firstRange(of: Array("/ld-linux".utf8)))
        var lost = program
        lost[loader.lowerBound + 1] = UInt8(ascii: "x")
        #expect(try fault(lost)?.contains(#/^needs the loader '/.*xd-linux.*', which does not exist; /#) == true)
    }

    /// Bytes that are cut off or changed anywhere may be a fault or none.
    @Test func `a damaged program is examined without a trap`() throws {
        let program = try FileSystem.read(FileSystem.realPath("/bin/true"), limit: 1 << 20)
        for index in 0..<120 {
            var damaged = program
            damaged[index] ^= 0xFF
            _ = try fault(damaged)
            _ = try fault(Array(program.prefix(index)))
        }
        // The greatest offsets of the table, of its entries and of the loader.
        let table = 64
        for place in [32, table + 8, table + 32] {
            var damaged = program
            damaged.replaceSubrange(table..<table + 4, with: [3, 0, 0, 0])
            for greatest in [[UInt8](repeating: 0xFF, count: 7) + [0x7F], [UInt8](repeating: 0xFF, count: 8)] {
                damaged.replaceSubrange(place..<place + 8, with: greatest)
                _ = try fault(damaged)
            }
        }
    }
}
