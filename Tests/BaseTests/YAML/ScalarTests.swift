import Base
import Testing

/// What kubectl 1.32.4 makes of a scalar, as `kubectl label --local -f FILE x=y -o json` prints it.
@Suite(.timeLimit(.minutes(15))) struct ScalarTests {
    @Test(arguments: [
        ("yes", "true"), ("Yes", "true"), ("YES", "true"), ("yEs", #""yEs""#), ("y", "true"), ("Y", "true"),
        ("on", "true"), ("On", "true"), ("ON", "true"), ("oN", #""oN""#), ("true", "true"), ("True", "true"),
        ("TRUE", "true"), ("tRue", #""tRue""#), ("no", "false"), ("No", "false"), ("NO", "false"), ("n", "false"),
        ("N", "false"), ("off", "false"), ("Off", "false"), ("OFF", "false"), ("false", "false"), ("False", "false"),
        ("FALSE", "false"), ("t", #""t""#), ("F", #""F""#), ("~", "null"), ("null", "null"), ("Null", "null"),
        ("NULL", "null"), ("nULL", #""nULL""#), ("", "null"), ("~~", #""~~""#), ("=", #""=""#), ("<<", #""<<""#),
    ])
    func `words are booleans and nulls as in YAML 1_1`(written: String, expected: String) {
        #expect(json(of: "v: \(written)\n") == #"{"v":\#(expected)}"#)
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("+0", "0"), ("00", "0"), ("+1", "1"), ("-1", "-1"), ("017", "15"), ("-017", "-15"),
        ("0o17", "15"), ("0O17", "15"), ("-0o17", "-15"), ("+0o17", "15"), ("0x1F", "31"), ("0X1f", "31"),
        ("-0x1F", "-31"), ("0b11", "3"), ("0B11", "3"), ("-0b11", "-3"),
        ("1_000", "1000"), ("1__000", "1000"), ("1_", "1"), ("0_1", "1"), ("0x_1F", "31"), ("0_x1", "1"), ("-_1", "-1"),
        ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
        ("0xFFFFFFFFFFFFFFFF", "18446744073709551615"), ("18446744073709551615", "18446744073709551615"),
        ("01777777777777777777777", "18446744073709551615"), ("9007199254740993", "9007199254740993"),
    ])
    func `whole numbers are read in four radixes`(written: String, expected: String) {
        #expect(json(of: "v: \(written)\n") == #"{"v":\#(expected)}"#)
    }

    @Test(arguments: [
        ("1.0", "1"), ("1.10", "1.1"), ("1.", "1"), ("-1.", "-1"), (".5", "0.5"), ("+.5", "0.5"), ("-.5", "-0.5"),
        ("1e3", "1000"), ("1E3", "1000"), ("1e+3", "1000"),
        ("1e-3", "0.001"), ("1.e3", "1000"), ("1_000.5", "1000.5"), ("1_0e1_0", "100000000000"), ("1e3_", "1000"),
        ("1e20", "100000000000000000000"), ("1e21", "1e+21"), ("1.5e21", "1.5e+21"), ("1e-6", "0.000001"),
        ("1e-7", "1e-7"), ("08", "8"), ("09e1", "90"), ("00.5", "0.5"), ("-08", "-8"), ("-0.0", "0"), ("0e5", "0"),
        ("0.30000000000000004", "0.30000000000000004"), ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
    ])
    func `fractions are printed as Go prints them`(written: String, expected: String) {
        #expect(json(of: "v: \(written)\n") == #"{"v":\#(expected)}"#)
    }

    @Test(arguments: [
        ("18446744073709551616", "18446744073709551616"),
        ("-9223372036854775809", "-9223372036854775809"),
        ("+1_23456789012345678901234567890", "1.2345678901234567890123456789e+29"),
        ("0777777777777777777777777", "7.77777777777777777777777e+23"),
        ("3.141592653589793238462643383279", "3.141592653589793238462643383279"),
        ("9007199254740993.0", "9007199254740993"),
        ("-072057594037927945.50", "-72057594037927945.5"),
        ("1e-400", "1e-400"),
    ])
    func `digits stay where a floating-point value would round them`(written: String, expected: String) {
        #expect(json(of: "v: \(written)\n") == #"{"v":\#(expected)}"#)
    }

    @Test(arguments: [
        "0o18", "0xG", "0x", "0b", "0b12", "0b-1", "-0b+1", "_1", "._5", ".5_", ".5_0", ".5__0", ".5_e3", ".5e_3",
        "++1", "1e",
        "1e+",
        "e3", ".e3", "1e400", "-1e400", ".1e400", "0x1p4", ".iNf", "-.nan", "inf", "NaN", "-Inf", "1.2.3", "1-2",
        "1,000", "12:30", "190:20:30", "2001-12-14", "2001-12-14T21:59:43Z", "0x1FFFFFFFFFFFFFFFF", "--", "..", "+",
        "0o7777777777777777777777777", "!", "-.e3", "08e", "00x1",
    ])
    func `a text that resembles a number is a string`(written: String) {
        #expect(json(of: "v: \(written)\n") == #"{"v":"\#(written == "!" ? "" : written)"}"#)
    }

    @Test(arguments: ["'1'", "\"yes\"", "'~'", "\"\"", "'0x1F'", "|-\n  1", ">-\n  yes"])
    func `quotes and blocks make strings`(written: String) throws {
        let node = try read("v: \(written)\n")
        #expect(node?["v"]?.string != nil)
    }

    @Test(arguments: [
        ("!!str 1", #""1""#), ("!!str", #""""#), ("!!str ~", #""~""#), (#"!!int "3""#, "3"), ("!!int 1_000", "1000"),
        ("!!float 3", "3"), (#"!!float "3.5""#, "3.5"), ("!!bool yes", "true"), (#"!!bool "yes""#, "true"),
        (#"!!null """#, "null"),
        ("! 12", #""12""#), ("! yes", #""yes""#),
        ("!!merge <<", #""<<""#), ("!!value =", #""=""#), ("!!timestamp 2001-01-01", #""2001-01-01""#),
        ("!!set {a: 1}", #"{"a":1}"#), ("!!omap [a: 1]", #"[{"a":1}]"#), ("! [1]", "[1]"),
    ])
    func `tags count as they do for kubectl`(written: String, expected: String) {
        #expect(json(of: "v: \(written)\n") == #"{"v":\#(expected)}"#)
    }

    @Test(arguments: [
        ("!!int 3.5", "t.yaml:1:4: '3.5' does not match its tag '!!int'"),
        ("!!bool 1", "t.yaml:1:4: '1' does not match its tag '!!bool'"),
        ("!!float 1e400", "t.yaml:1:4: '1e400' does not match its tag '!!float'"),
        ("!!binary aGVsbG8=", "t.yaml:1:4: tag '!!binary' means nothing for this value; remove the tag"),
        (".inf", "t.yaml:1:4: '.inf' is a number that JSON cannot represent; put it in quotes: '.inf'"),
        ("-.INF", "t.yaml:1:4: '-.INF' is a number that JSON cannot represent; put it in quotes: '-.INF'"),
        (".NaN", "t.yaml:1:4: '.NaN' is a number that JSON cannot represent; put it in quotes: '.NaN'"),
    ])
    func `a value that JSON cannot hold is refused`(written: String, message: String) {
        #expect(problems(of: "v: \(written)\n") == message)
    }

    @Test func `a number keeps its text`() throws {
        let node = try read("[0o17, 1_000, 1.10, 007]")
        let texts = node?.sequence?.map { if case .number(let number) = $0.content { number.text } else { "" } }
        #expect(texts == ["0o17", "1_000", "1.10", "007"])
    }
}
