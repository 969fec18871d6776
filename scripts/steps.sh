# A row of named steps, each with its time; used by scripts/lint and .ci/run.
# shellcheck shell=bash

steps_done=()

# step NAME COMMAND...: runs it; on failure says which step it was and ends.
step() {
  local name=$1 start=$SECONDS
  shift
  printf '\n-- %s\n' "$name"
  "$@" || {
    printf '\n-- %s: FAILED after %d s\n' "$name" $((SECONDS - start))
    exit 1
  }
  steps_done+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}

steps_summary() {
  printf '\n-- time\n'
  printf '%s\n' "${steps_done[@]}"
}
