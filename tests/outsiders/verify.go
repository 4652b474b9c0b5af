// verify reads what `rapport export tiles`, `rapport proof` and `rapport keygen` gave out, with libraries that are not ours, and accepts it
// or says why not. With -mutate N it then changes the files N times, each time differently, and fails if one change is accepted.
//
//	verify [-mutate N] FOLDER VERIFIER-KEY
//
// FOLDER has checkpoint, tile/…, and in proofs/ the answers of `rapport proof`, inclusion-*.json and consistency-*.json.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type files map[string][]byte

// tiles answers Go's tile reader from our files; their names have no height.
type tiles struct{ files files }

func (t tiles) Height() int { return 8 }
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range wanted {
		data, there := t.files[pathOf(tile)]
		if !there {
			return nil, fmt.Errorf("%s is missing", pathOf(tile))
		}
		read = append(read, data)
	}
	return read, nil
}
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func pathOf(tile tlog.Tile) string { return strings.Replace(tile.Path(), "tile/8/", "tile/", 1) }

func bundleOf(n int64, width int) string {
	tile := tlog.Tile{H: 8, L: 0, N: n, W: width}
	return strings.Replace(pathOf(tile), "tile/0/", "tile/entries/", 1)
}

// treeOf opens the checkpoint: signed by the key, of the log that the key is named after.
func treeOf(checkpoint []byte, key string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(checkpoint, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.SplitN(opened.Text, "\n", 2)
	if lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("a checkpoint of %q", lines[0])
	}
	// Go's own log has a fixed first line; the two below it are the same.
	return tlog.ParseTree([]byte("go.sum database tree\n" + lines[1]))
}

// entriesOf takes a bundle of leaves apart.
func entriesOf(bundle []byte) ([][]byte, error) {
	var entries [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("an entry is cut off")
		}
		size := int(binary.BigEndian.Uint16(bundle))
		entries = append(entries, bundle[2:2+size])
		bundle = bundle[2+size:]
	}
	return entries, nil
}

// checkLeaves compares every leaf in the bundles with the tree, whose tiles the reader holds to the root.
func checkLeaves(all files, tree tlog.Tree) error {
	var indexes []int64
	for i := int64(0); i < tree.N; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, i))
	}
	hashes, err := tlog.TileHashReader(tree, tiles{all}).ReadHashes(indexes)
	if err != nil {
		return err
	}
	for first := int64(0); first < tree.N; first += 256 {
		width := int(tree.N - first)
		if width > 256 {
			width = 256
		}
		entries, err := entriesOf(all[bundleOf(first/256, width)])
		if err != nil {
			return err
		}
		if len(entries) != width {
			return fmt.Errorf("a bundle has %d entries, not %d", len(entries), width)
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != hashes[first+int64(i)] {
				return fmt.Errorf("leaf %d is not the tree's", first+int64(i))
			}
		}
	}
	return nil
}

type document struct {
	Position, From, Size       uint64
	Head, Leaf, Root, FromRoot string
	Proof                      []string
}

func unhex(text string) []byte {
	decoded, err := hex.DecodeString(text)
	if err != nil {
		return []byte("no hash")
	}
	return decoded
}

func checkProof(name string, data []byte, tree tlog.Tree) error {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return err
	}
	var path [][]byte
	for _, text := range d.Proof {
		path = append(path, unhex(text))
	}
	if d.Size != uint64(tree.N) || !bytes.Equal(unhex(d.Root), tree.Hash[:]) {
		return fmt.Errorf("%s is of another tree than the checkpoint", name)
	}
	hasher := rfc6962.DefaultHasher
	if strings.HasPrefix(filepath.Base(name), "consistency") {
		return proof.VerifyConsistency(hasher, d.From, d.Size, path, unhex(d.FromRoot), tree.Hash[:])
	}
	leaf := hasher.HashLeaf(unhex(d.Head))
	if !bytes.Equal(leaf, unhex(d.Leaf)) {
		return fmt.Errorf("%s: the leaf is not that of the head", name)
	}
	if binary.BigEndian.Uint64(unhex(d.Head)[1:9]) != d.Position {
		return fmt.Errorf("%s: the head is of another position", name)
	}
	return proof.VerifyInclusion(hasher, d.Position-1, d.Size, leaf, path, tree.Hash[:])
}

func check(all files, key string) error {
	tree, err := treeOf(all["checkpoint"], key)
	if err != nil {
		return err
	}
	if err := checkLeaves(all, tree); err != nil {
		return err
	}
	for name, data := range all {
		if strings.HasPrefix(name, "proofs/") {
			if err := checkProof(name, data, tree); err != nil {
				return err
			}
		}
	}
	return nil
}

func readAll(folder string) (files, error) {
	all := files{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		all[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	return all, err
}

// mutate changes a copy of one file, and names what it did.
func mutate(all files, names []string, random *rand.Rand) (files, string) {
	changed := files{}
	for name, data := range all {
		changed[name] = data
	}
	name := names[random.Intn(len(names))]
	data := append([]byte(nil), all[name]...)
	// Of a proof the numbers and hashes count; its names are for people.
	first := 0
	if strings.HasPrefix(name, "proofs/") {
		first = bytes.Index(data, []byte(`"proof":[`)) + len(`"proof":[`)
	}
	at := first + random.Intn(len(data)-first)
	what := "a bit"
	switch random.Intn(5) {
	case 0, 1:
		data[at] ^= 1 << uint(random.Intn(8))
	case 2:
		what, data = "the end cut off", data[:at]
	case 3:
		what = "gone"
		data = nil
	case 4:
		what = "32 bytes moved"
		other := first + random.Intn(len(data)-first)
		for i := 0; i < 32 && at+i < len(data) && other+i < len(data); i++ {
			data[at+i], data[other+i] = data[other+i], data[at+i]
		}
	}
	if data == nil {
		delete(changed, name)
	} else {
		changed[name] = data
	}
	return changed, fmt.Sprintf("%s: %s at %d", name, what, at)
}

// sameProof tells a proof that is only written differently: a hash in capitals, say.
func sameProof(a, b []byte) bool {
	var first, second document
	if json.Unmarshal(a, &first) != nil || json.Unmarshal(b, &second) != nil {
		return false
	}
	return strings.EqualFold(fmt.Sprint(first), fmt.Sprint(second))
}

func same(a, b files) bool {
	if len(a) != len(b) {
		return false
	}
	for name, data := range a {
		other, there := b[name]
		if !there || !bytes.Equal(data, other) && !(strings.HasPrefix(name, "proofs/") && sameProof(data, other)) {
			return false
		}
	}
	return true
}

// resigned is the checkpoint under another key of the same name.
func resigned(checkpoint []byte, key string) []byte {
	name := strings.SplitN(key, "+", 2)[0]
	secret, _, err := note.GenerateKey(nil, name)
	if err != nil {
		panic(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		panic(err)
	}
	text := checkpoint[:bytes.Index(checkpoint, []byte("\n\n"))+1]
	signed, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		panic(err)
	}
	return signed
}

func run() error {
	mutations := flag.Int("mutate", 0, "changes to try")
	seed := flag.Int64("seed", 1, "of the changes")
	flag.Parse()
	all, err := readAll(flag.Arg(0))
	if err != nil {
		return err
	}
	key := flag.Arg(1)
	if err := check(all, key); err != nil {
		return fmt.Errorf("the log as it is: %w", err)
	}
	var names []string
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	random := rand.New(rand.NewSource(*seed))
	tried := 0
	for tried < *mutations {
		changed, what := mutate(all, names, random)
		proofGone := strings.HasPrefix(what, "proofs/") && len(changed) < len(all)
		if same(all, changed) || proofGone {
			continue // what is left says the same; or there is one proof fewer to check
		}
		tried++
		if check(changed, key) == nil {
			return fmt.Errorf("accepted although changed (seed %d): %s", *seed, what)
		}
	}
	forged := files{}
	for name, data := range all {
		forged[name] = data
	}
	forged["checkpoint"] = resigned(all["checkpoint"], key)
	if *mutations > 0 && check(forged, key) == nil {
		return fmt.Errorf("a checkpoint under another key was accepted")
	}
	fmt.Printf("accepted: %d files; %d changes refused\n", len(all), tried)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
