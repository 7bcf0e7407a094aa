import TestSupport
import Testing

/// Wrong calls of command `certificates`.
@Suite(.timeLimit(.minutes(5)))
struct CertificateFaultTests {
    @Test(arguments: [
        (["check", "--all"], "'certificates check' has no flag '--all' (it belongs to 'renew')"),
        (
            ["check", "--dry-run"],
            "'certificates check' has no flag '--dry-run' (it belongs to 'renew' and 'rotate-ca')"
        ),
        (["renwe"], "unknown action 'renwe' (did you mean 'renew'?)"),
        ([], "'certificates' takes one of 'check', 'renew', 'rotate-ca'"),
        (
            ["rotate-ca", "--node", "a"],
            "'certificates rotate-ca' has no flag '--node' (it belongs to 'check' and 'renew')"
        ),
        (["renew", "--step=add"], "'certificates renew' has no flag '--step' (it belongs to 'rotate-ca')"),
        (["rotate-ca", "--dry-run"], "'--dry-run' requires '--step STEP'"),
        (["rotate-ca", "--confirm"], "'--confirm' requires '--step STEP'"),
        (
            ["rotate-ca", "--step=next"],
            "invalid value 'next' for --step (expected one of 'add', 'issue', 'remove')"
        ),
        (["check", "--role", "worker"], "'certificates' has no flag '--role'"),
    ])
    func `wrong usage is an error`(arguments: [String], message: String) async {
        let result = await callProgram(["certificates"] + arguments)
        #expect(result.status == 64)
        #expect(result.errors.hasPrefix("nest-bootstrap: \(message)"), "\(result.errors)")
    }
}
