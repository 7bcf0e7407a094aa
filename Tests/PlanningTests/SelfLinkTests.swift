import Testing

@Suite(.timeLimit(.minutes(30))) struct SelfLinkTests {
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

    @Test func `links that lead to each other are refused, once`() {
        let text = """
            tasks:
              a: {symlink: {path: /opt/a, target: b/x}}
              b: {after: [a], symlink: {path: /opt/b, target: ./c}}
              c: {after: [b], symlink: {path: /opt/c, target: /opt/a/y}}
              into: {symlink: {path: /opt/d, target: a}}
              below: {symlink: {path: /opt/e, target: /opt/f/g}}
              fine: {symlink: {path: /opt/f, target: /srv/f}}
            """
        let words =
            "task 'c' links '/opt/c' to '/opt/a/y', which leads back to it through the link of task 'b' at bootstrap.yaml:3:35"
        #expect(problems(text) == "bootstrap.yaml:4:35: \(words); change the target of one of the links")
    }

    @Test(arguments: ["/opt/a", "../b", "/opt/a/bb", "c"])
    func `a link to another path is accepted`(target: String) {
        #expect(problems("tasks: {t: {symlink: {path: /opt/a/b, target: \(target)}}}") == "")
    }
}
