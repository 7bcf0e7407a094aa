enum Shell: String, Sendable, Hashable, CaseIterable {
    case bash, zsh, fish

    /// The completion script, which passes the line up to the cursor to the program and offers the printed words.
    ///
    /// If the typed name of the program cannot be run, the script runs `nest-bootstrap` from `PATH`.
    var script: String {
        switch self {
        case .bash: Self.bashScript
        case .zsh: Self.zshScript
        case .fish: Self.fishScript
        }
    }

    private static let bashScript = #"""
        # Completion of nest-bootstrap for bash: nest-bootstrap completion bash
        _nest_bootstrap() {
            local IFS=$'\n' line program=${1-}
            [[ $program == '~/'* ]] && program=$HOME/${program:2}
            type -P "$program" >/dev/null || program=nest-bootstrap
            COMPREPLY=()
            while IFS= read -r line; do
                case $line in
                :file) compopt -o default ;;
                :directory) compopt -o dirnames ;;
                *) COMPREPLY+=("${line%%$'\t'*}") ;;
                esac
            done < <("$program" completion --words -- "${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
        }
        complete -F _nest_bootstrap nest-bootstrap

        """#

    private static let zshScript = #"""
        #compdef nest-bootstrap
        # Completion of nest-bootstrap for zsh: nest-bootstrap completion zsh
        _nest_bootstrap() {
            local line program=${${(Q)words[1]}/#\~\//$HOME/}
            local -a described
            command -v "$program" >/dev/null || program=nest-bootstrap
            for line in "${(@f)$("$program" completion --words -- "${(j: :)words[1,CURRENT]}" 2>/dev/null)}"; do
                # A backslash escapes the next character for _describe.
                line=${line//\\/\\\\}
                case $line in
                :file) _files ;;
                :directory) _files -/ ;;
                *$'\t') described+=("${${line%$'\t'}//:/\\:}") ;;
                ?*) described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
                esac
            done
            (( $#described )) && _describe 'nest-bootstrap' described
        }
        if [ "$funcstack[1]" = _nest_bootstrap ]; then _nest_bootstrap; else compdef _nest_bootstrap nest-bootstrap; fi

        """#

    private static let fishScript = #"""
        # Completion of nest-bootstrap for fish: nest-bootstrap completion fish
        function __nest_bootstrap
            set -l program (string replace -r '^~/' "$HOME/" -- (commandline -opc)[1])
            command -q "$program"; or set program nest-bootstrap
            $program completion --words -- (commandline -cp | string collect) 2>/dev/null
        end
        function __nest_bootstrap_words
            set -l lines (__nest_bootstrap)
            switch "$lines[1]"
                case :file
                case :directory
                    __fish_complete_directories (commandline -ct) ''
                case '*'
                    printf '%s\n' $lines
            end
        end
        complete -c nest-bootstrap -f
        complete -c nest-bootstrap -n '__nest_bootstrap | string match -q :file' -F
        complete -c nest-bootstrap -a '(__nest_bootstrap_words)'

        """#
}
