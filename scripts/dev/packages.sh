# Debian packages: what each job needs, and their installation when one is missing.
# shellcheck shell=bash

readonly packages_build=(
  g++ cmake ninja-build pkg-config ccache lld libfmt-dev libspdlog-dev libboost1.81-dev libbson-dev
  libintelrdfpmath-dev libpcre2-dev libicu-dev libstemmer-dev libs2-dev libsimdjson-dev libcli11-dev
  libssl-dev zlib1g-dev)
readonly packages_test=(libgtest-dev libgmock-dev libmongoc-dev)
readonly packages_bench=(
  liblmdb-dev librocksdb-dev libwiredtiger-dev libsqlite3-dev libpq-dev postgresql-15)
readonly packages_lint=(clang-19 clang-tidy-19 clang-format-19 shellcheck)
readonly packages_fuzz=(clang-19 libclang-rt-19-dev)

say() { printf '\n== %s\n' "$*" >&2; }
stop() {
  printf '\ndev: %s\n' "$*" >&2
  exit 1
}

package_is_installed() {
  [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    stop "needs root for: $*"
  fi
}

# need_packages WHY PACKAGE...: installs what is missing, says so, and touches no network when
# nothing is.
need_packages() {
  local why=$1 package missing=()
  shift
  for package in "$@"; do
    package_is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null ||
    stop "$why needs these Debian 12 packages or their like: ${missing[*]}"
  say "apt: installing ${missing[*]} ($why)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log_dir/apt.log" 2>&1 || {
    tail -n 5 "$log_dir/apt.log" >&2
    stop "apt-get could not install them"
  }
}
