import Base
import YAML

/// Conditions of workloads that run to their end or at times, and that the schema of their kinds does not have.
///
/// Source: `ValidateJobSpec` and `validateScheduleFormat` in
/// https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/batch/validation/validation.go
enum JobRules {
    /// The restart policies of pods by group; those of Jobs have no default.
    private static let policies = ["apps": ["Always"], "batch": ["OnFailure", "Never"]]

    static func problems(_ manifest: ManifestObject) -> [Problem] {
        var problems = [restartPolicy(manifest)].compactMap(\.self)
        let type = manifest.identity.type
        if (type.group, type.kind) == ("batch", "CronJob"), let schedule = manifest.root["spec"]?["schedule"],
            let text = schedule.string, let fault = CronSchedule.fault(in: text)
        {
            problems.append(
                Problem(
                    .wrongFieldValue,
                    "field 'spec.schedule': \(fault.words), found '\(text)'",
                    at: schedule.location,
                    hint: fault.hint
                )
            )
        }
        return problems
    }

    private static func restartPolicy(_ manifest: ManifestObject) -> Problem? {
        guard let allowed = policies[manifest.identity.type.group], let template = PodTemplate(manifest) else {
            return nil
        }
        let names = allowed.map { "'\($0)'" }.joined(separator: " or ")
        guard let written = template.spec["restartPolicy"], !written.isNull else {
            guard !allowed.contains("Always") else { return nil }
            return Problem(
                .missingField,
                "field '\(template.path).restartPolicy' is missing, which a Job needs",
                at: template.spec.location,
                hint: "write 'restartPolicy: Never', or 'OnFailure' to start a failed container again in its Pod"
            )
        }
        // The schema reports other words.
        guard let text = written.string, ["Always", "OnFailure", "Never"].contains(text), !allowed.contains(text) else {
            return nil
        }
        return Problem(
            .wrongFieldValue,
            "field '\(template.path).restartPolicy' must be \(names) for a \(manifest.identity.type.kind), found '\(text)'",
            at: written.location,
            hint: allowed.contains("Always")
                ? "remove it" : "write 'restartPolicy: Never' or 'restartPolicy: OnFailure'"
        )
    }
}

/// A schedule as cron has it, read as Kubernetes does.
///
/// Source: `ParseStandard` in https://github.com/robfig/cron/blob/v3/parser.go
enum CronSchedule {
    /// A requirement that a schedule does not meet, and a schedule that does if one is certain.
    struct Fault {
        let words: String
        let hint: String?
    }

    private struct Field {
        let name: String
        let range: ClosedRange<Int>
        let words: [String]
    }

    private static let fields = [
        Field(name: "minute", range: 0...59, words: []),
        Field(name: "hour", range: 0...23, words: []),
        Field(name: "day of the month", range: 1...31, words: []),
        Field(
            name: "month",
            range: 1...12,
            words: ["", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        ),
        Field(name: "day of the week", range: 0...6, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    private static let descriptors = [
        "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
    ]

    /// Returns the first fault of a schedule, `nil` if every server accepts it or the text is one of a template.
    static func fault(in text: String) -> Fault? {
        var rest = text[...]
        // Later servers refuse a time zone here when the object is created.
        if rest.hasPrefix("TZ=") || rest.hasPrefix("CRON_TZ=") { rest = rest.drop { $0 != " " } }
        let parts = rest.split { $0.isWhitespace }.map(String.init)
        if let first = parts.first, first.hasPrefix("@") {
            if first == "@every" { return nil }
            guard parts.count == 1, !descriptors.contains(first) else { return nil }
            let near = nearestName(to: first, in: descriptors)
            return Fault(
                words: "'\(first)' is no schedule",
                hint: near.map { "write '\($0)'" }
                    ?? "write five fields, or one of \(descriptors.joined(separator: ", "))"
            )
        }
        guard parts.count == fields.count else { return countFault(parts) }
        for (part, field) in zip(parts, fields) {
            if let words = fault(in: part, of: field) {
                let isSunday = field.name == "day of the week" && part == "7"
                return Fault(words: words, hint: isSunday ? "write 0 for Sunday" : nil)
            }
        }
        return nil
    }

    /// Returns the fault of a schedule with another number of fields than five.
    private static func countFault(_ parts: [String]) -> Fault {
        let words = "a schedule has five fields (minute, hour, day of the month, month, day of the week)"
        // Quartz and Spring have seconds before the minute, and Quartz a year at the end.
        let meant = parts.count == 6 || parts.count == 7 ? Array(parts.dropFirst().prefix(5)) : []
        let written = meant.map { $0 == "?" ? "*" : $0 }.joined(separator: " ")
        let isCertain = !meant.isEmpty && zip(meant, fields).allSatisfy { fault(in: $0, of: $1) == nil }
        return Fault(words: words, hint: isCertain ? "write '\(written)': Kubernetes has no field for seconds" : nil)
    }

    /// Returns the fault of one field: a list of numbers, names, ranges and steps.
    private static func fault(in text: String, of field: Field) -> String? {
        for item in text.split(separator: ",") {
            let parts = item.split(separator: "/", omittingEmptySubsequences: false)
            let bounds = parts[0].split(separator: "-", omittingEmptySubsequences: false)
            let isStep = parts.count == 1 || parts.count == 2 && Int(parts[1]).map { $0 > 0 } == true
            guard isStep, bounds.count <= 2 else { return "'\(item)' is no \(field.name)" }
            // After one of these, the server ignores the end of a range.
            guard bounds[0] != "*", bounds[0] != "?" else { continue }
            let numbers = bounds.map { bound in Int(bound) ?? field.words.firstIndex(of: bound.lowercased()) ?? -1 }
            guard numbers.allSatisfy(field.range.contains), numbers == numbers.sorted() else {
                return "the \(field.name) is \(field.range.lowerBound) to \(field.range.upperBound)"
            }
        }
        return nil
    }
}
