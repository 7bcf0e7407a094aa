import HTTP
import Testing

@testable import Actions

@Suite(.timeLimit(.minutes(30)))
struct RedirectionTests {
    @Test(arguments: [
        ("https://h/login?next=/x", true), ("https://h/users/sign_in", true), ("https://h/a/sign-in/", true),
        ("https://sso.example.org/x", true), ("https://h/oauth2/authorize?a", true), ("https://h/x?next=/login", false),
        ("https://h/catalogin/x", false), ("https://h.login.example/x", false), ("login", false), ("https://h", false),
    ])
    func `addresses at which users log in have words for it`(url: String, isLogin: Bool) {
        #expect(isLoginAddress(url) == isLogin)
    }

    @Test(arguments: [
        ("<html><title>Sign in - Artifactory</title></html>", true),
        ("<!DOCTYPE html><input type='password'>", true), ("<html><title>Welcome</title></html>", false),
        ("title: Sign in", false), ("", false),
    ])
    func `a login page has a title or a password`(body: String, isLogin: Bool) {
        #expect(HTTPResponse(status: 200, body: Array(body.utf8)).isLoginPage == isLogin)
    }
}
