#!/usr/bin/env bash
# README.md keeps its word: readme_test.sh cpp|mongosh runs one of its two examples and compares what
# it prints with what README.md says it prints. Exit status 77: skipped.
set -euo pipefail
what=$1
readme=$(cd "$(dirname "$0")/../.." && pwd)/README.md
folder=/tmp/nacre-readme-$what-$$  # short and in lower case, as a socket's path must be
mkdir -m 700 "$folder"
server=
trap '[[ -z "$server" ]] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT
cd "$folder"

# The lines of the README's block of that language; of several, all.
block() { awk -v fence="\`\`\`$1" '/^```/ { on = $0 == fence; next } on' "$readme"; }

case $what in
  cpp) "$NACRE_QUICKSTART" places.nacre >said ;;
  mongosh)
    if [[ ! -x "$NACRE_NODE/node" ]]; then
      echo "SKIPPED: mongosh is not there; ./dev test brings it where npm can be reached"
      exit 77
    fi
    "$NACRE_BIN" serve --data data --socket "$folder/nacre.sock" >server.log 2>&1 &
    server=$!
    for ((i = 0; i < 100; ++i)); do
      [[ -S nacre.sock ]] && break
      sleep 0.1
    done
    block js >example.js
    HOME=$folder "$NACRE_NODE/node" "$NACRE_NODE/node_modules/mongosh/bin/mongosh.js" --quiet --norc \
      "mongodb://${folder//\//%2F}%2Fnacre.sock/places" <example.js >said 2>&1
    ;;
esac

missing=0
while read -r line; do
  grep -qF -- "$line" said && continue
  echo "README.md promises '$line', and $what does not print it"
  missing=1
done < <(block "text $what")
((missing == 0)) || { echo "It printed:" && cat said && cat server.log 2>/dev/null; }
exit $missing
