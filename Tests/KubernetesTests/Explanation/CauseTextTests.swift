import Testing
@testable import Kubernetes

@Suite(.timeLimit(.minutes(30)))
struct CauseTextTests {
    @Test(arguments: [
        (#"Invalid value: "D_x": must be lower case: like this"#, "must be lower case: like this"),
        (
            #"Invalid value: core.PodTemplateSpec{Name:"a: b", X:[]string{"}"}}: field is immutable"#,
            "field is immutable"
        ),
        ("Invalid value: 0: must be greater than 0", "must be greater than 0"),
        (
            #"Invalid value: "null": spec in body must be of type object: "null""#,
            #"spec in body must be of type object: "null""#
        ),
        (#"Unsupported value: "x": supported values: "a", "b""#, #"supported values: "a", "b""#),
        ("Required value", ""),
        ("Required value: name or generateName is required", "name or generateName is required"),
        ("Forbidden: may not be set", "may not be set"),
        ("Too long: must have at most 63 characters", "must have at most 63 characters"),
        (#"Duplicate value: "a""#, #"Duplicate value: "a""#),
        (#"Duplicate value: map[string]interface {}{"p":80}"#, #"Duplicate value: map[string]interface {}{"p":80}"#),
        ("Forbidden: updates are not allowed\n  core.X{\n- \tA: 1", "updates are not allowed core.X{ - \tA: 1"),
        ("something else: entirely", "something else: entirely"),
        ("", ""),
    ])
    func `the value in Go's syntax is left out`(message: String, detail: String) {
        #expect(CauseText(message).detail == detail)
    }

    @Test func `the names of mutable fields are found`() {
        let statefulSet = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are"
        #expect(CauseText(statefulSet).quotedNames == ["replicas", "template"])
        let pod = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.x`"
        #expect(CauseText(pod).quotedNames == ["spec.containers", "spec.x"])
    }
}
