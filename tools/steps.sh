# shellcheck shell=bash
# Functions that run the steps of a check, several at once if wanted, and print how long each took. Sourced, never run.
# The output of a step is in .build/steps/NAME, and its end is printed if it fails. The first failed step ends the
# check; with KEEP_GOING=1, the steps after failed tests still run.

declare -A step_begins=() step_processes=()
step_times=() failed_steps=()
mkdir -p .build/steps

# Starts a step in the background. usage: begin NAME COMMAND...
begin() {
    local name=$1
    shift
    step_begins[$name]=$SECONDS
    # In a session of its own, in which `stop_steps` finds all its processes.
    setsid --wait "$@" </dev/null >".build/steps/$name" 2>&1 &
    step_processes[$name]=$!
}

# Waits for steps, and ends the check if one has failed. usage: finish NAME...
finish() {
    local name status
    for name in "$@"; do
        status=0
        wait "${step_processes[$name]}" || status=$?
        unset "step_processes[$name]"
        step_times+=("$((SECONDS - step_begins[$name])) $name")
        # The closing lines of the test runs, and what did not run, are printed in any case.
        grep -hE 'Test run with .* (passed|failed)|^run-on-servers: |^➜ .* skipped|^(cluster|boot): .* (skipped|only$)' \
            ".build/steps/$name" | sort -u || true
        echo "$name: $((SECONDS - step_begins[$name])) s"
        [ "$status" = 0 ] || fail_step "$name" "$status"
    done
}

# Runs a step. usage: step NAME COMMAND...
step() {
    begin "$@"
    finish "$1"
}

fail_step() {
    local is_test=
    failed_steps+=("$1")
    if grep -q '^run-tests: failed' ".build/steps/$1"; then
        is_test=yes
        sed -n '/^run-tests: failed/,$p' ".build/steps/$1"
    else
        tail -n 100 ".build/steps/$1"
    fi
    echo "step '$1' failed with status $2; its output is in .build/steps/$1" >&2
    [ -z "$is_test" ] || [ -z "${KEEP_GOING:-}" ] || return 0
    end_steps
}

# Ends the steps that still run. A test process has a process group of its own in the session of its step.
stop_steps() {
    local process
    for process in "${step_processes[@]}"; do pkill -TERM -s "$process" || true; done
}
trap stop_steps EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# Prints the time of each step and of the whole check; ends with 1 if a step has failed.
end_steps() {
    [ ${#failed_steps[@]} -gt 0 ] || [ ${#step_processes[@]} = 0 ] || {
        echo "steps that are still running: ${!step_processes[*]}" >&2 && exit 1
    }
    echo
    echo "seconds  step"
    printf '%s\n' "${step_times[@]}" | awk '{ printf "%7d  %s\n", $1, $2 }'
    printf '%7d  all\n' "$SECONDS"
    [ ${#failed_steps[@]} = 0 ] || { echo "failed: ${failed_steps[*]}" >&2 && exit 1; }
}
