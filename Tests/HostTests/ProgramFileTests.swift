import Base
import Host
import TestSupport
import Testing

/// Files that the kernel does not start.
@Suite(.temporaryDirectory, .timeLimit(.minutes(30)))
struct ProgramFileTests {
    private var path: String { TemporaryDirectory.file("program") }

    private func fault(_ content: [UInt8], mode: UInt32 = 0o755, searchPath: String? = nil) throws -> String? {
        try FileSystem.write(content, to: path, mode: mode)
        let fault = ProgramFile.fault(of: path, searchPath: searchPath)
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

    @Test func `the first line of a script says why it does not start`() throws {
        #expect(
            try fault("#!/bin/sh\r\necho\r\n")
                == #"has lines that end with CR LF, so its interpreter would be '/bin/sh\r'; run "sed -i 's/\r$//' FILE""#
        )
        #expect(
            try fault([0xEF, 0xBB, 0xBF] + Array("#!/bin/sh\n".utf8))
                == #"has a byte order mark before '#!'; run "sed -i '1s/^\xEF\xBB\xBF//' FILE""#
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
        #expect(
            try fault("echo hi\n")?.hasSuffix("; write '#!/bin/sh' as its first line, or name another program") == true
        )
        #expect(try fault("#!/bin/sh\n", mode: 0o644) == "is not executable; run 'chmod +x FILE'")
        #expect(try fault("") == "is empty; write the program, or name another one")
        #expect(ProgramFile.fault(of: TemporaryDirectory.path)?.reason == "is a directory")
    }

    @Test func `the header of a program says why it does not start`() throws {
        let program = try FileSystem.read(FileSystem.realPath("/bin/true"), limit: 1 << 20)
        #expect(try fault(program) == nil)
        var other = program
        other[18] = 22
        other[19] = 0
        #expect(try fault(other)?.hasPrefix("is a program for s390x, and this machine is ") == true)
        other[18] = 99
        #expect(try fault(other)?.hasPrefix("is a program for another kind of machine, and this machine is ") == true)
        other = program
        other[4] = 1
        #expect(try fault(other)?.hasPrefix("is a program for 32-bit machines (") == true)
        #expect(try fault(Array(program.prefix(40)))?.hasPrefix("is a part of a program only; ") == true)
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
    }

    @Test func `lines with CR LF are found in a script that a shell runs`() throws {
        try FileSystem.write(Array("echo hi\r\n".utf8), to: path, mode: 0o644)
        #expect(ProgramFile.faultOfLines(in: path)?.reason == "has lines that end with CR LF")
        try FileSystem.write(Array("echo hi\n".utf8), to: path, mode: 0o644)
        #expect(ProgramFile.faultOfLines(in: path) == nil)
    }
}
