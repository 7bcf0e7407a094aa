import HTTP
@testable import Kubernetes
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ServerStatusTests {
    /// One row of the table of replies.
    struct Row: CustomTestStringConvertible {
        var code: Int
        var body: String
        var disposition: Disposition
        var testDescription: String { "\(code) \(body.prefix(60))" }

        init(_ code: Int, _ body: String, _ disposition: Disposition) {
            (self.code, self.body, self.disposition) = (code, body, disposition)
        }
    }

    private static let conflict = """
        {"kind":"Status","reason":"Conflict","details":{"causes":[{"reason":"FieldManagerConflict",\
        "message":"conflict with \\"kubectl\\" using v1","field":".data.a"}]}}
        """
    private static let terminating = """
        {"kind":"Status","reason":"Forbidden","message":"configmaps \\"a\\" is forbidden: unable to create new content",\
        "details":{"name":"a","kind":"configmaps","causes":[{"reason":"NamespaceTerminating","message":"x"}]}}
        """
    private static let timeout = #"{"metadata":{},"message":"request did not complete within requested timeout"}"#

    @Test(arguments: [
        Row(409, conflict, .permanent),
        Row(
            409,
            #"{"reason":"Conflict","message":"Operation cannot be fulfilled on","details":{"name":"a"}}"#,
            .transient
        ),
        Row(409, #"{"reason":"AlreadyExists"}"#, .transient),
        Row(422, #"{"reason":"Invalid","details":{"causes":[{"reason":"FieldValueInvalid"}]}}"#, .permanent),
        Row(500, #"{"message":"failed to create typed patch object: .a: field not declared in schema"}"#, .permanent),
        Row(500, #"{"message":"failed to create typed patch object (d/a; v1, Kind=A): .a: expected"}"#, .permanent),
        Row(500, #"{"message":"etcdserver: leader changed"}"#, .transient),
        Row(500, #"{"reason":"InternalError","message":"Internal error occurred: failed calling webhook"}"#, .retry),
        Row(500, #"{"reason":"ServerTimeout","details":{"retryAfterSeconds":1}}"#, .retry),
        Row(400, #"{"reason":"BadRequest","message":"metadata.managedFields must be nil"}"#, .permanent),
        Row(401, #"{"reason":"Unauthorized"}"#, .transient),
        Row(403, #"{"reason":"Forbidden","message":"User \"nobody\" cannot patch resource"}"#, .transient),
        Row(403, terminating, .retry),
        Row(403, #"{"message":"user \"a\" is attempting to grant RBAC permissions not currently held"}"#, .transient),
        Row(404, "404 page not found", .transient),
        Row(404, #"{"reason":"NotFound","message":"the server could not find the requested resource"}"#, .transient),
        Row(404, #"{"message":"namespaces \"x\" not found","details":{"name":"x","kind":"namespaces"}}"#, .transient),
        Row(408, "<html>request timeout</html>", .retry),
        Row(413, #"{"reason":"RequestEntityTooLarge"}"#, .permanent),
        Row(429, "Too many requests, please try again later.", .retry),
        Row(503, #"{"reason":"ServiceUnavailable"}"#, .retry),
        Row(504, timeout, .retry),
        Row(502, "<html>bad gateway</html>", .retry),
    ])
    func `each reply says whether another attempt is worth it`(row: Row) {
        #expect(reply(row.code, row.body).disposition == row.disposition)
    }

    @Test func `a text that is too long to look through keeps its end`() {
        let cause = ": open /etc/hosts: no such file or directory"
        let message = String(repeating: "{é", count: 500_000) + cause
        let status = reply(500, #"{"message":"\#(message)","details":{"causes":[{"message":"\#(message)"}]}}"#)
        #expect(status.message.utf8.count < 20_000 && status.message.hasSuffix(cause))
        #expect(status.causes.first?.message.utf8.count ?? 0 < 20_000)
        #expect(status.line.count == 1000 && status.line.hasSuffix(cause))
    }

    @Test func `a status is read whatever its parts`() {
        let status = reply(409, Self.conflict)
        #expect(status.isFieldConflict)
        #expect(status.causes.map(\.field) == [".data.a"])
        #expect(reply(404, "404 page not found").isUnknownResource)
        #expect(reply(404, #"{"details":{"name":"a","kind":"configmaps"}}"#).isUnknownResource == false)
        #expect(reply(404, #"{"details":{"name":"x","kind":"namespaces"}}"#).missingNamespace == "x")
        #expect(reply(503).message == "no explanation")
        #expect(reply(500, "[1, 2]").message == "[1, 2]")
    }

    @Test(arguments: [
        ("5", "", Duration.seconds(5)), ("100000", "", .seconds(100_000)), ("-3", "", .zero),
        (nil, #"{"details":{"retryAfterSeconds":2}}"#, .seconds(2)), ("soon", "", nil), (nil, "", nil),
    ])
    func `a server may ask for a pause, up to a limit`(header: String?, body: String, pause: Duration?) {
        let headers = header.map { [HTTPHeader("Retry-After", $0)] } ?? []
        #expect(reply(429, body, headers: headers).retryAfter == pause)
    }

    @Test(arguments: [
        (500, #"{"reason":"InternalError","message":"conversion webhook failed: hunter2"}"#, " 500 (InternalError)"),
        (429, "try hunter2 later", " 429"), (404, "404 hunter2", " 404"),
        (500, #"{"reason":"hunter2 is the password","message":"m"}"#, " 500"),
    ])
    func `the reason of a wait that every user may read has no text of the server`(
        code: Int,
        body: String,
        words: String
    ) {
        let status = reply(code, body)
        #expect(status.publicWords == "the server answered\(words)")
        #expect(APIError.refused(.init(request: "PATCH /x", status: status)).publicWords == status.publicWords)
    }

    @Test func `the message is one line without the request's text`() {
        let json = #"""
            {"message":"Secret in version \"v1\" cannot be handled as a Secret: illegal base64 data at input byte 0,\#
             error found in #10 byte of ...|\"hunter2\"|..."}
            """#
        #expect(reply(400, json).line.hasSuffix("illegal base64 data at input byte 0"))
        #expect(reply(400, #"{"message":"a:\n\t  b\n c"}"#).line == "a: b c")
        #expect(reply(400, #"{"message":"\#(String(repeating: "x", count: 5000))"}"#).line.count == 1000)
    }
}
