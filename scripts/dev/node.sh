# Node.js and the MongoDB clients, in build/node: node (a link), node_modules/ (mongodb, mongosh).
# Tests and the demo find them there and skip, saying so, when the folder is not complete. Versions
# and checksums are those of scripts/node/*/package-lock.json.
# shellcheck shell=bash

readonly node_dir=$PWD/build/node
readonly node_oldest=20.19.0  # what the npm package mongodb 7 asks for

node_is_new_enough() {
  local version
  version=$("$1" --version 2>/dev/null) || return 1
  [[ "$(printf '%s\n' "$node_oldest" "${version#v}" | sort -V | head -n 1)" == "$node_oldest" ]]
}

# The packages of scripts/node/$1, below the folder $2, exactly as locked; no package runs a script.
npm_install() {
  mkdir -p "$2"
  cp "scripts/node/$1/package.json" "scripts/node/$1/package-lock.json" "$2/"
  npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund --no-update-notifier \
    "${@:3}" >"$log_dir/npm-$1.log" 2>&1 && return
  grep -v '^npm WARN\|^npm warn' "$log_dir/npm-$1.log" | tail -n 3 >&2
  return 1
}

# Prints the path of a Node.js that is new enough: this machine's, else npm's package node-linux-*.
node_program() {
  local own candidate
  own=$(command -v node || true)
  if [[ -n "$own" ]] && node_is_new_enough "$own"; then
    echo "$own"
    return
  fi
  say "node: none here that is $node_oldest or newer; taking one from npm into build/node"
  npm_install runtime "$node_dir/runtime" >&2 || return 1
  for candidate in "$node_dir"/runtime/node_modules/node-linux-*/bin/node; do
    if node_is_new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

install_node_clients() {
  local program
  command -v npm >/dev/null || (need_packages "npm, for the MongoDB clients" nodejs npm) || return 1
  program=$(node_program) || return 1
  say "npm: installing the clients mongodb and mongosh into build/node (scripts/node/clients)"
  npm_install clients "$node_dir" --omit=optional || return 1
  ln -sfn "$program" "$node_dir/node"
  cp scripts/node/clients/package-lock.json "$node_dir/installed.json"
}

# Never fails: whoever can do without the clients does.
need_node_clients() {
  if [[ -x "$node_dir/node" ]] &&
    cmp -s scripts/node/clients/package-lock.json "$node_dir/installed.json"; then
    return
  fi
  rm -f "$node_dir/installed.json" "$node_dir/node"
  install_node_clients && return
  say "WARNING: Node.js and its MongoDB clients are not to be had (see above)." \
    "What talks through them is SKIPPED: the tests with mongosh and the Node driver, and the last" \
    "step of the demo. Everything else works without."
}
