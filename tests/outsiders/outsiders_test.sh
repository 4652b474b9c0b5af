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

# A Go that Tessera builds with: the one that is here, or else the toolchain that comes as a Go module, like any other dependency. The
# module's files may not be run where they lie, and its nested modules have other names.
toolchain=golang.org/toolchain@v0.0.1-go1.24.13.linux-$(dpkg --print-architecture)
newer_go() {
  if go version | grep -qE 'go1\.(2[4-9]|[3-9][0-9])'; then
    command -v go
    return
  fi
  local from
  from=$(cd "$work" && GOFLAGS= go mod download -json "$toolchain" | python3 -c 'import json,sys; print(json.load(sys.stdin)["Dir"])')
  cp -r "$from" "$work/toolchain"
  chmod -R u+w "$work/toolchain"
  chmod +x "$work"/toolchain/bin/* "$work"/toolchain/pkg/tool/*/*
  find "$work/toolchain" -name _go.mod -execdir mv _go.mod go.mod \;
  echo "$work/toolchain/bin/go"
}

export GOCACHE=$work/go-build GOFLAGS="-mod=readonly -buildvcs=false" GOTOOLCHAIN=local
(cd "$source" && go build -o "$work/verify" .)
newer=$(newer_go)
(cd "$source/tessera" && "$newer" build -o "$work/tessera" .)

cd "$work"
"$rapport" demo --data store --customers 12 --years 1 --seed 3 --quiet --format json >demo.json
key=$("$rapport" keygen --data store --format json | python3 -c 'import json,sys; print(json.load(sys.stdin)["verifierKeys"][-1])')

# Tiles and proofs into FOLDER, asked of --data or --server.
give_out() {
  local folder=$1; shift
  "$rapport" export tiles "$folder" "$@" --format json >/dev/null
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
./tessera fsck "file://$work/files" "$key"

# Tessera's fsck is able to say no.
for file in tile/0/000 tile/entries/000; do
  cp -r files broken
  printf '\001' | dd of="broken/$file" bs=1 seek=100 conv=notrunc status=none
  if ./tessera fsck "file://$work/broken" "$key" 2>/dev/null; then
    echo "fsck accepted a changed $file"
    exit 1
  fi
  rm -r broken
done

# Cosignatures of two witnesses, one after the other, checked by us: each of them if both are named.
"$rapport" checkpoint --data store >checkpoint.txt
./tessera witness witness.example/one checkpoint.txt >one.txt
one=$(head -1 one.txt)
tail -n +2 one.txt >cosigned-once.txt
./tessera witness witness.example/two cosigned-once.txt >two.txt
two=$(head -1 two.txt)
tail -n +2 two.txt >cosigned.txt
verified_with() {
  local note=$1; shift
  "$rapport" verify --data store --checkpoint "$note" "$@" --quiet --format json
}
verified_with cosigned.txt --witness "$one" --witness "$two" | grep -q '"name":"witness.example/two"'
verified_with cosigned.txt --key "$key" --witness "$one" >/dev/null
refused() {
  if "$@" >refused.txt 2>&1; then
    echo "accepted although it should not be: $*"
    exit 1
  fi
}
refused verified_with checkpoint.txt --witness "$one"
refused verified_with cosigned-once.txt --witness "$one" --witness "$two"
refused verified_with cosigned.txt --witness "$key"
refused verified_with cosigned.txt --key "$one"
# Bytes all along the cosignature's line: its time, too, is signed.
python3 - <<'PYTHON'
import pathlib
note = pathlib.Path("cosigned.txt").read_bytes()
start = note.index("\u2014 witness.example/one".encode())
end = note.index(b"\n", start)
for at in range(start, end, 5):
    changed = bytearray(note)
    changed[at] ^= 1
    pathlib.Path(f"changed-{at}.txt").write_bytes(changed)
PYTHON
for note in changed-*.txt; do refused verified_with "$note" --witness "$one"; done

"$rapport" serve --data store --listen 127.0.0.1:0 >serve.log 2>serve.err &
server=$!
for _ in $(seq 100); do grep -q listening serve.log && break; sleep 0.1; done
url=$(sed -n 's/^listening on //p' serve.log)
give_out served --server "$url"
./verify served "$key"
./tessera fsck "$url/" "$key"
diff -r files served

# The standard addresses, as any client of tlog-tiles asks them.
for path in checkpoint tile/0/000 tile/entries/000; do curl -sf "$url/$path" | cmp - "files/$path"; done
[[ $(curl -s -o /dev/null -w '%{http_code}' "$url/tile/0/999") == 404 ]]
headers=$(curl -sfI "$url/tile/0/000")
grep -qi '^cache-control:.*immutable' <<<"$headers"
