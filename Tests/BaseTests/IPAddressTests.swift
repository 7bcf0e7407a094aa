import Base
import Testing

@Suite struct IPAddressTests {
    @Test(
        arguments: [
            ("192.168.0.5", "192.168.0.5"), ("::1", "::1"), ("FD00:0:0::1", "fd00::1"), ("0.0.0.0", "0.0.0.0"),
        ]
    )
    func `an address is read and written`(text: String, written: String) throws {
        #expect(try #require(IPAddress(text)).description == written)
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "fe80::1%eth0", "[::1]", "1.2.3.4 ", "::g", "a", "1.2.3.4\0",
    ])
    func `other texts are no addresses`(text: String) {
        #expect(IPAddress(text) == nil)
        #expect(AddressRange(text) == nil)
    }

    @Test(
        arguments: [
            (
                "100.64.0.0/10", ["100.64.0.0", "100.127.255.255", "100.100.1.1"],
                ["100.63.255.255", "100.128.0.0", "::1"]
            ),
            ("192.168.0.0/23", ["192.168.1.255"], ["192.168.2.0"]),
            ("0.0.0.0/0", ["255.255.255.255"], ["::"]),
            ("10.0.0.1", ["10.0.0.1"], ["10.0.0.0", "10.0.0.2"]),
            ("fd00::/8", ["fdff::1"], ["fe00::1", "253.0.0.1"]),
            ("::/0", ["ffff::"], ["1.2.3.4"]),
        ]
    )
    func `a range contains what begins with its bits`(text: String, inside: [String], outside: [String]) throws {
        let range = try #require(AddressRange(text))
        #expect(range.description == text)
        for address in inside { #expect(range.contains(try #require(IPAddress(address))), "\(address)") }
        for address in outside { #expect(!range.contains(try #require(IPAddress(address))), "\(address)") }
    }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "::/129", "10/8", "10.0.0.0/8/8", "/8"])
    func `other texts are no ranges`(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test func `a range begins with the first address`() throws {
        let range = try #require(AddressRange("100.99.98.97/10"))
        #expect(range.description == "100.64.0.0/10")
    }

    @Test(
        arguments: [
            ("127.0.0.1", true, false), ("127.255.0.1", true, false), ("::1", true, false), ("128.0.0.1", false, false),
            ("169.254.1.1", false, true), ("169.255.1.1", false, false), ("fe80::1", false, true),
            ("febf::1", false, true), ("fec0::1", false, false), ("10.0.0.1", false, false),
        ]
    )
    func `loopback and link-local addresses are known`(text: String, isLoopback: Bool, isLinkLocal: Bool) throws {
        let address = try #require(IPAddress(text))
        #expect(address.isLoopback == isLoopback)
        #expect(address.isLinkLocal == isLinkLocal)
    }
}
