// tessera holds the log before programs that need a newer Go than Debian 12 has: Tessera's fsck, and a witness.
//
//	tessera fsck URL VERIFIER-KEY        of a log's files (file:///…) or its server: every tile made anew from the entries
//	tessera witness NAME CHECKPOINT      cosigns a checkpoint: prints the witness's key, then the whole note
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	cosign "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

// hashes of a bundle's entries, as in RFC 6962: the same as cmd/fsck takes.
func hashes(bundle []byte) ([][]byte, error) {
	entries := &api.EntryBundle{}
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	var all [][]byte
	for _, entry := range entries.Entries {
		all = append(all, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return all, nil
}

func check(where, key string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	address, err := url.Parse(where)
	if err != nil {
		return err
	}
	var log fsck.Fetcher = &client.FileFetcher{Root: address.Path}
	if address.Scheme != "file" {
		if log, err = client.NewHTTPFetcher(address, nil); err != nil {
			return err
		}
	}
	return fsck.New(verifier.Name(), verifier, log, hashes, fsck.Opts{N: 2}).Check(context.Background())
}

func witness(name, file string) error {
	signed, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	secret, plain, err := note.GenerateKey(nil, name)
	if err != nil {
		return err
	}
	signer, err := cosign.NewSignerForCosignatureV1(secret)
	if err != nil {
		return err
	}
	// It knows no key of the log, so all signatures there are unverified to it, and kept.
	_, err = note.Open(signed, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return fmt.Errorf("no note signed by others: %w", err)
	}
	cosigned, err := note.Sign(unverified.Note, signer)
	if err != nil {
		return err
	}
	fmt.Println(witnessKey(signer, plain))
	fmt.Print(string(cosigned))
	return nil
}

// witnessKey is the witness's key in text, made of the plain one: another kind has another hash.
func witnessKey(signer *cosign.Signer, plain string) string {
	key, err := base64.StdEncoding.DecodeString(strings.SplitN(plain, "+", 3)[2])
	if err != nil {
		panic(err)
	}
	key[0] = 4
	return fmt.Sprintf("%s+%08x+%s", signer.Name(), signer.KeyHash(), base64.StdEncoding.EncodeToString(key))
}

func main() {
	run := map[string]func(string, string) error{"fsck": check, "witness": witness}
	if len(os.Args) != 4 || run[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "tessera fsck URL VERIFIER-KEY | tessera witness NAME CHECKPOINT")
		os.Exit(2)
	}
	if err := run[os.Args[1]](os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
