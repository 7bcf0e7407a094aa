import Testing

@Suite(.timeLimit(.minutes(5))) struct SelfLinkTests {
    @Test(arguments: ["/opt/a/b", "b", "./b", "../a/b", "/opt//a/./b", "/opt/x/../a/b"])
    func `a link to itself is refused`(target: String) {
        let text = "tasks: {t: {symlink: {path: /opt/a/b, target: \(target)}}}"
        let message =
            "bootstrap.yaml:1:29: 'symlink.target' of task 't' is the link itself; name what the link is to point at"
        #expect(problems(text) == message)
    }

    @Test(arguments: ["/opt/a/b/c", "b/c", "/opt/a/b/../b/c"])
    func `a link to something below itself is refused`(target: String) {
        let message =
            "bootstrap.yaml:1:29: 'symlink.target' of task 't' is below the link itself; name what the link is to point at"
        #expect(problems("tasks: {t: {symlink: {path: /opt/a/b, target: \(target)}}}") == message)
    }

    @Test(arguments: ["/opt/a", "../b", "/opt/a/bb", "c"])
    func `a link to another path is accepted`(target: String) {
        #expect(problems("tasks: {t: {symlink: {path: /opt/a/b, target: \(target)}}}") == "")
    }
}
