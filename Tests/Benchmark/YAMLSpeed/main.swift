// Reads a manifest with libyaml's event loop alone, and with the program's reader as far as the JSON that is sent.
// usage: yaml-speed FILE ROUNDS
// Prints the milliseconds of every round as JSON; in each round both read the file once.

import Base
import CYAML
import YAML

/// Parses all events of a text and drops them.
func drainEvents(_ bytes: [UInt8]) -> Int {
    var parser = unsafe yaml_parser_t()
    precondition(unsafe yaml_parser_initialize(&parser) == 1)
    defer { unsafe yaml_parser_delete(&parser) }
    return unsafe bytes.withUnsafeBufferPointer { input in
        // The parser keeps its own address, so it must not move while it is used.
        unsafe withUnsafeMutablePointer(to: &parser) { parser in
            unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
            var count = 0
            var event = unsafe yaml_event_t()
            while unsafe yaml_parser_parse(parser, &event) == 1 {
                count += 1
                let isLast = unsafe event.type == YAML_STREAM_END_EVENT
                unsafe yaml_event_delete(&event)
                if isLast { return count }
            }
            return 0
        }
    }
}

/// Reads all documents of a text and writes them as JSON.
func writeJSON(_ bytes: [UInt8]) throws -> Int {
    var reader = DocumentReader(bytes, file: "manifest")
    var count = 0
    while let document = reader.next() { count += try document.get().root?.json().count ?? 0 }
    return count
}

func milliseconds(_ body: () throws -> Int) rethrows -> String {
    var result = 0
    let time = try ContinuousClock().measure { result = try body() }
    precondition(result > 0, "the manifest can be read")
    return "\(Double(time.components.attoseconds) / 1e15 + Double(time.components.seconds) * 1000)"
}

let rounds = CommandLine.arguments.count == 3 ? Int(CommandLine.arguments[2]) ?? 0 : 0
precondition(rounds > 0, "usage: yaml-speed FILE ROUNDS")
let bytes = try readFile(CommandLine.arguments[1], limit: 16 << 20)
var times: (events: [String], json: [String]) = ([], [])
for _ in 0..<rounds {
    times.events.append(milliseconds { drainEvents(bytes) })
    times.json.append(try milliseconds { try writeJSON(bytes) })
}
print("{\"events\": [\(times.events.joined(separator: ", "))], \"json\": [\(times.json.joined(separator: ", "))]}")
