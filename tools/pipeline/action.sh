#!/usr/bin/env bash
# The audit of action.yml: annotations in the log, a summary of the step, SARIF in a file, the exit code as an output.
# Its inputs are the variables that action.yml sets. PROGRAM names tlsaudit where it is not the action's own.
set -euo pipefail

words() { # the lines of $1 that are not blank, without the blanks around them
    sed -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' <<<"$1"
}

mapfile -t targets < <(words "$TARGETS")
mapfile -t options < <(words "${OPTIONS:-}")
[[ -z ${MODE:-} ]] || options+=(--mode "$MODE")

code=0
"${PROGRAM:-$GITHUB_ACTION_PATH/.venv/bin/tlsaudit}" scan --policy "$POLICY" --fail-on "$FAIL_ON" "${options[@]}" \
    --format github -o - --format markdown -o "$GITHUB_STEP_SUMMARY" --format sarif -o "$SARIF_FILE" \
    -- "${targets[@]}" || code=$?

printf '%s\n' "exit-code=$code" "sarif-file=$SARIF_FILE" >>"$GITHUB_OUTPUT"
exit "$code"
