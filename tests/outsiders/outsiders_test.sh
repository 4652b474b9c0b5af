#!/usr/bin/env bash
# The log's proofs before verifiers that are not ours, read from files and from a server.
#
#   outsiders_test.sh RAPPORT
set -euo pipefail

rapport=$(realpath "$1")
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
server=
finish() {
  if [[ -n $server ]]; then kill "$server" && wait "$server" || true; fi
  chmod -R u+w "$work"
  rm -rf "$work"
}
trap finish EXIT

export GOCACHE=$work/go-build GOFLAGS="-mod=readonly -buildvcs=false" GOTOOLCHAIN=local
(cd "$source" && go build -o "$work/verify" .)

cd "$work"
"$rapport" demo --data store --customers 12 --years 1 --seed 3 --quiet --format json >demo.json
key=$("$rapport" keygen --data store --format json | python3 -c 'import json,sys; print(json.load(sys.stdin)["verifierKeys"][-1])')

# Tiles and proofs into FOLDER, asked of --data or --server.
give_out() {
  local folder=$1; shift
  "$rapport" tiles "$folder" "$@" --format json >/dev/null
  mkdir -p "$folder/proofs"
  local size position
  size=$("$rapport" inspect "$@" --format json | python3 -c 'import json,sys; print(json.load(sys.stdin)["position"])')
  for position in 1 2 255 256 257 $((size / 2)) "$size"; do
    "$rapport" proof inclusion "$position" "$@" --format json >"$folder/proofs/inclusion-$position.json"
    "$rapport" proof consistency "$position" "$@" --format json >"$folder/proofs/consistency-$position.json"
  done
}

give_out files --data store
./verify -mutate 3000 files "$key"

"$rapport" serve --data store --listen 127.0.0.1:0 >serve.log 2>serve.err &
server=$!
for _ in $(seq 100); do grep -q listening serve.log && break; sleep 0.1; done
url=$(sed -n 's/^listening on //p' serve.log)
give_out served --server "$url"
./verify served "$key"
diff -r files served

# The standard addresses, as any client of tlog-tiles asks them.
for path in checkpoint tile/0/000 tile/entries/000; do curl -sf "$url/$path" | cmp - "files/$path"; done
[[ $(curl -s -o /dev/null -w '%{http_code}' "$url/tile/0/999") == 404 ]]
headers=$(curl -sfI "$url/tile/0/000")
grep -qi '^cache-control:.*immutable' <<<"$headers"
