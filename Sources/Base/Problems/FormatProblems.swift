extension ProblemExplanation {
    /// YAML and file formats.
    static let ofFormats: [Self] = [
        .init(
            .invalidYAML,
            "Text that is not valid YAML",
            cause: """
                The text breaks a rule of YAML that no other code of this group is about, such as a missing colon, a \
                line of a conflict that git has left, or text after a closed value. A file that begins with a brace \
                may also be JSON that is not valid.
                """,
            fix: """
                Correct the line at the place in the message. Without a hint, look at the line above it too: YAML \
                often fails one line after the mistake.
                """,
            example: .taskFile(
                """
                tasks:
                  a
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .unclosedQuote,
            "Quote or bracket that is never closed",
            cause: """
                A string begins with a quote, or a list or mapping with a bracket, and the closing character is \
                missing or is inside another value.
                """,
            fix: "Add the closing character where the value ends.",
            example: .taskFile(
                """
                tasks:
                  a:
                    exec: {command: "true}
                """
            )
        ),
        .init(
            .wrongIndentation,
            "Line that is indented wrongly",
            cause: """
                YAML knows by the indentation what a line belongs to. The line is indented by a tab, matches no line \
                above it, or is deeper than a line that cannot have anything below it.
                """,
            fix: "Indent the line with spaces, as far as the other keys of the same mapping.",
            example: .taskFile(
                """
                tasks:
                  a:
                    exec:
                \tcommand: "true"
                """
            )
        ),
        .init(
            .unquotedValue,
            "Value that needs quotes",
            cause: """
                The value begins with a character that has a meaning in YAML, such as *, @, { or %, contains a colon \
                and a space, or is a number that JSON cannot represent, so that it is not the text that was meant.
                """,
            fix: "Put the value in quotes.",
            example: .taskFile(
                """
                tasks:
                  a:
                    description: @home
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .duplicateKey,
            "Key that appears twice",
            cause: """
                A mapping has the same key twice. Some programs keep the first value and others the last one, so \
                neither is used.
                """,
            fix: "Remove one of the two, or put what is below them together.",
            example: .taskFile(
                """
                tasks:
                  a:
                    exec: {command: "true"}
                    exec: {command: "false"}
                """
            )
        ),
        .init(
            .invalidKey,
            "Key that is not a string",
            cause: """
                A key is a boolean, null, a list or a mapping. YAML 1.1 takes words such as y, no and on for \
                booleans, so that the key would become true or false.
                """,
            fix: "Put the key in quotes, or write it as the start of its line if it is not meant to be a key.",
            example: .manifest(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: a}
                data:
                  on: "x"
                """
            )
        ),
        .init(
            .tagOrAlias,
            "Tag, anchor or alias that cannot be used",
            cause: """
                A tag such as !vault belongs to another program, or is not YAML's, a value does not match its tag, or an \
                alias such as *name has no anchor in the same document.
                """,
            fix: "Write the value itself without the tag or alias, or put it in quotes if it is text.",
            example: .taskFile(
                """
                tasks:
                  a:
                    description: *home
                    exec: {command: "true"}
                """
            )
        ),
        .init(
            .wrongEncoding,
            "Bytes that are not readable text",
            cause:
                "The file is not UTF-8, such as UTF-16 or Latin-1, is a binary file, or contains a control character.",
            fix: """
                Convert the file with the command in the message, or write a control character as an escape in \
                double quotes.
                """,
            example: .message(
                """
                bootstrap.yaml: file is UTF-16 text, where UTF-8 is expected; convert it with 'iconv -f UTF-16 \
                -t UTF-8'
                """
            )
        ),
        .init(
            .documentMarker,
            "Misplaced line between documents",
            cause: """
                A line '---' separates documents. A task file has one document, a manifest may have several, and \
                nothing but a comment may be on the line of the marker.
                """,
            fix: "Remove the line, put it where the next document begins, or move what follows to a file of its own.",
            example: .taskFile(
                """
                tasks:
                  a:
                    exec: {command: "true"}
                ---
                variables: {x: y}
                """
            )
        ),
        .init(
            .limitExceeded,
            "More than a limit allows",
            cause: """
                Files, their nesting, the number of their tasks, variables, documents and values, and the length of \
                strings are limited, so that no file can use up the memory of the node.
                """,
            fix: "Split the file, or remove what is repeated. The message has the limit.",
            example: .message("bootstrap.yaml: file is too large: it has 1500000 bytes, and the limit is 1048576")
        ),
        .init(
            .otherFileKind,
            "File of another kind",
            cause: """
                The file is not what is expected at this place: for example a kustomization, a template of Helm, a \
                file that SOPS has encrypted, or a manifest in place of a task file.
                """,
            fix: "Name the right file, or render or decrypt it first, as the hint says.",
            example: .taskFile(
                """
                apiVersion: v1
                kind: ConfigMap
                metadata: {name: a}
                """
            )
        ),
    ]
}
