#!/usr/bin/env bash
# The audit of action.yml: annotations in the log, a summary of the step, SARIF in a file, the exit code as an output.
# Its inputs are the variables that action.yml sets. PROGRAM names tlsaudit where it is not the action's own.
set -euo pipefail

words() { # the lines of $1 that are not blank, without the blanks around them
    sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' <<<"$1"
}

if [[ $SARIF_FILE == *$'\n'* || $SARIF_FILE == *$'\r'* ]]; then # each line after it would be an output of its own
    echo "sarif-file: a file name of one line is needed" >&2
    echo exit-code=2 >>"$GITHUB_OUTPUT"
    exit 2
fi

mapfile -t targets < <(words "$TARGETS")
options=() # what is not given here is left to the settings of the repository
[[ -z ${POLICY:-} ]] || options+=(--policy "$POLICY")
[[ -z ${FAIL_ON:-} ]] || options+=(--fail-on "$FAIL_ON")
[[ -z ${MODE:-} ]] || options+=(--mode "$MODE")
mapfile -t further < <(words "${OPTIONS:-}")

begun=$(mktemp)
trap 'rm -f "$begun"' EXIT
code=0
"${PROGRAM:-$GITHUB_ACTION_PATH/.venv/bin/tlsaudit}" scan "${options[@]}" "${further[@]}" \
    --format github -o - --format markdown -o "$GITHUB_STEP_SUMMARY" --format sarif -o "$SARIF_FILE" \
    -- "${targets[@]}" || code=$?

written=""
[[ ! $SARIF_FILE -nt $begun ]] || written=$SARIF_FILE
if [[ $code == 0 && -z $written && ! -c $SARIF_FILE ]]; then
    echo "nothing was audited: an option asks for something else" >&2
    code=2
fi
printf '%s\n' "exit-code=$code" "sarif-file=$written" >>"$GITHUB_OUTPUT"
exit "$code"
