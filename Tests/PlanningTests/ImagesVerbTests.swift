import Planning
import Testing

/// Verb `images`.
@Suite(.timeLimit(.minutes(5)))
struct ImagesVerbTests {
    @Test func `the unit of the task runs as root, keeps a cache and records what reset removes`() throws {
        let plan = try plan("tasks: {t: {images: {archives: [/var/lib/a.tar]}}}\n")
        let footprint = try #require(plan.steps.first?.task.footprint)
        #expect(footprint.imageSocket?.path == "/run/containerd/containerd.sock")
        #expect(!footprint.isOfUnitUser)
        #expect(footprint.needsPreparation)
        #expect(!footprint.listsProducts)
    }

    @Test(arguments: [
        ("{}", "'images.archives' of task 't' is missing; add archives: [FILE.tar]"),
        (
            "{archives: []}",
            "must be a list of at least one path or URL, found a list; write archives: [FILE.tar]"
        ),
        ("a.tar", "found 'a.tar'; write its keys below it: archives or socket"),
        ("{archives: ['https://h/a.tar']}", "is a URL without a digest; write {url: https://h/a.tar, sha256: DIGEST}"),
        ("{archives: [{url: 'https://h/a.tar'}]}", "sha256' of task 't' is missing"),
        ("{archives: [a.tar], socket: unix:///run/c.sock}", "'images.socket' of task 't' must be an absolute path"),
    ])
    func `a mistake is reported`(value: String, expected: String) {
        let text = problems("tasks: {t: {images: \(value)}}\n")
        #expect(text.contains(expected), "\(text)")
    }
}
