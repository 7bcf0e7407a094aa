import Base
import Glibc
import Host

/// Two calls of the Container Runtime Interface, `Version` and `Status`, over HTTP/2 on a socket.
///
/// This is the part of gRPC that a question needs: requests without compression, and the messages of the answers. The
/// header blocks of answers are not read, because a call that fails has no message.
struct RuntimeInterface {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// The types of frames that matter here; see RFC 9113, section 6.
    private enum FrameType {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let settings: UInt8 = 4
    }

    private static let endOfStream: UInt8 = 1

    /// The bytes of both requests: `Version` on stream 1, `Status` on stream 3.
    static var requests: [UInt8] {
        preface + frame(FrameType.settings, 0, 0, []) + call("Version", 1) + call("Status", 3)
    }

    private static func call(_ method: String, _ stream: UInt8) -> [UInt8] {
        // Indexed fields `:method: POST` and `:scheme: http`, then literal ones; see RFC 7541, section 6.
        var block: [UInt8] = [0x83, 0x86, 0x04]
        func add(_ text: String) { block += [UInt8(text.utf8.count)] + Array(text.utf8) }
        add("/runtime.v1.RuntimeService/\(method)")
        block.append(0x01)
        add("localhost")
        block += [0x0f, 0x10]
        add("application/grpc")
        block.append(0x00)
        add("te")
        add("trailers")
        let endOfHeaders: UInt8 = 4
        // An empty message: not compressed, no bytes.
        return frame(FrameType.headers, endOfHeaders, stream, block)
            + frame(FrameType.data, endOfStream, stream, [0, 0, 0, 0, 0])
    }

    private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xff), type, flags, 0, 0, 0, stream] + payload
    }

    /// The frames that have arrived completely.
    private static func frames(
        in bytes: [UInt8]
    ) -> [(type: UInt8, flags: UInt8, stream: UInt8, payload: ArraySlice<UInt8>)] {
        var frames: [(type: UInt8, flags: UInt8, stream: UInt8, payload: ArraySlice<UInt8>)] = []
        var index = 0
        while index + 9 <= bytes.count {
            let length = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
            let start = index + 9
            guard start + length <= bytes.count else { break }
            frames.append((bytes[index + 3], bytes[index + 4], bytes[index + 8], bytes[start..<(start + length)]))
            index = start + length
        }
        return frames
    }

    /// Returns whether both calls have ended.
    static func isComplete(_ bytes: [UInt8]) -> Bool {
        let ended = frames(in: bytes).filter {
            ($0.type == FrameType.headers || $0.type == FrameType.data) && $0.flags & endOfStream != 0
        }
        return Set(ended.map(\.stream)).isSuperset(of: [1, 3])
    }

    /// Reads the answers.
    ///
    /// - Parameter bytes: The bytes that arrived.
    /// - Returns: The answer.
    static func answer(_ bytes: [UInt8]) -> RuntimeFacts.Answer {
        let frames = frames(in: bytes)
        guard let first = frames.first else { return bytes.isEmpty ? .silent : .failed("it does not speak HTTP/2") }
        guard first.type == FrameType.settings else { return .failed("it does not speak HTTP/2") }
        func message(_ stream: UInt8) -> [UInt8] {
            Array(frames.filter { $0.type == FrameType.data && $0.stream == stream }.flatMap(\.payload).dropFirst(5))
        }
        let version = ProtobufMessage(message(1))
        guard let name = version.texts(2).first, let number = version.texts(3).first else {
            return isComplete(bytes) ? .withoutInterface : .silent
        }
        let conditions = ProtobufMessage(message(3)).messages(1).flatMap { $0.messages(1) }.compactMap { condition in
            condition.texts(1).first.map { type in
                RuntimeFacts.Condition(
                    type: type,
                    isTrue: condition.numbers(2).first == 1,
                    reason: condition.texts(3).first ?? "",
                    message: condition.texts(4).first ?? ""
                )
            }
        }
        return .version(name: name, version: number, conditions: conditions)
    }

    /// Asks the runtime at a socket.
    ///
    /// - Parameters:
    ///   - path: The socket.
    ///   - limit: The time limit.
    /// - Returns: The answer.
    static func ask(_ path: String, within limit: Duration) async -> RuntimeFacts.Answer {
        let deadline = ContinuousClock.now + limit
        do throws(SystemError) {
            let bytes = try await onThread { () throws(SystemError) in
                try LocalSocket.exchange(path, sending: requests, until: deadline, isComplete: isComplete)
            }
            return answer(bytes)
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR: return .missing
            case ECONNREFUSED: return .refused
            case EACCES, EPERM: return .denied
            // A socket whose queue of connections is full belongs to a program that hangs.
            case EAGAIN: return .silent
            default: return .failed(error.reason)
            }
        }
    }
}

/// A message of protocol buffers, as far as texts, numbers and messages in it.
private struct ProtobufMessage {
    private var fields: [(number: Int, value: Int, bytes: [UInt8])] = []

    init(_ bytes: [UInt8]) {
        var index = 0
        func variable() -> Int? {
            var (value, shift) = (0, 0)
            while index < bytes.count, shift < 63 {
                let byte = bytes[index]
                index += 1
                value |= Int(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }
        while index < bytes.count, let key = variable() {
            switch key & 7 {
            case 0:
                guard let value = variable() else { return }
                fields.append((key >> 3, value, []))
            case 2:
                guard let length = variable(), length <= bytes.count - index else { return }
                fields.append((key >> 3, 0, Array(bytes[index..<(index + length)])))
                index += length
            default: return
            }
        }
    }

    func texts(_ number: Int) -> [String] {
        fields.filter { $0.number == number }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    func numbers(_ number: Int) -> [Int] { fields.filter { $0.number == number }.map(\.value) }

    func messages(_ number: Int) -> [ProtobufMessage] {
        fields.filter { $0.number == number }.map { ProtobufMessage($0.bytes) }
    }
}
