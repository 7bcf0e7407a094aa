public import Base
import Glibc

extension Machine {
    /// Returns whether the kernel has a route to an address; no packet is sent.
    ///
    /// - Parameter address: An address of another machine, or of this one.
    /// - Returns: Whether a packet to it would leave this machine, or reach it.
    /// - Throws: ``Base/SystemError`` if the kernel gives no answer.
    public static func hasRoute(to address: IPAddress) throws(SystemError) -> Bool {
        let (operation, subject) = ("cannot find a route to", "\(address)")
        let opened: CInt
        do throws(SystemError) {
            opened = try SystemError.check(operation, subject) {
                socket(address.socketFamily, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            }
        } catch {
            // Without IPv6 there is no route to its addresses.
            if error.code == EAFNOSUPPORT { return false }
            throw error
        }
        let file = FileDescriptor(adopting: opened)
        // A datagram socket that is connected has a route, and has sent nothing.
        do throws(SystemError) {
            try SystemError.check(operation, subject) { file.connect(to: address, port: 9) }
            return true
        } catch {
            let refusals = [ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, EADDRNOTAVAIL]
            if refusals.contains(error.code) { return false }
            throw error
        }
    }

    /// The files and devices that the kernel swaps to, none if swap is off.
    ///
    /// - Throws: ``Base/SystemError`` if the kernel does not say.
    public static func swapAreas() throws(SystemError) -> [String] {
        // A line of names, then a line for each: its name, in which spaces are \040, and what follows spaces.
        let text = String(decoding: try FileSystem.read("/proc/swaps", limit: 1 << 20), as: UTF8.self)
        return text.split(separator: "\n").dropFirst().compactMap { line in
            line.split { $0 == " " || $0 == "\t" }.first.map(String.init)
        }
    }
}
