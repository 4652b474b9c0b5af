// immudb's embedded store under load: one synced transaction an append, each event a key of stream and version. The condition
// says that the first of these keys is not there yet.
package main

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"github.com/codenotary/immudb/embedded/logger"
	"github.com/codenotary/immudb/embedded/store"

	"rapport/peers/load"
)

// How long a sync waits for others to join it. Its default, 20 ms, would bound one client to 50 appends a second or so.
const syncFrequency = 100 * time.Microsecond

func key(stream string, version int64) []byte {
	return binary.BigEndian.AppendUint64([]byte(stream+"/"), uint64(version))
}

func appendOnce(db *store.ImmuStore, options load.Options, payload func() []byte, stream string, version int64) error {
	ctx := context.Background()
	tx, err := db.NewWriteOnlyTx(ctx)
	if err != nil {
		return err
	}
	if !options.Blind {
		if err := tx.AddPrecondition(&store.PreconditionKeyMustNotExist{Key: key(stream, version)}); err != nil {
			return err
		}
	}
	for i := range int64(options.Events) {
		if err := tx.Set(key(stream, version+i), nil, payload()); err != nil {
			return err
		}
	}
	_, err = tx.AsyncCommit(ctx) // durable; its index may follow
	return err
}

func open(options load.Options) (load.Peer, func() error, error) {
	settings := store.DefaultOptions().
		WithSynced(true).
		WithSyncFrequency(syncFrequency).
		WithMaxConcurrency(max(store.DefaultMaxConcurrency, 2*options.Clients)).
		WithLogger(logger.NewSimpleLogger("immudb", io.Discard))
	db, err := store.Open(options.At, settings)
	if err != nil {
		return nil, nil, err
	}
	payloads := load.Payloads(options)
	peer := func(number int) (load.Append, error) {
		payload := load.Each(payloads, number)
		return func(stream string, version int64) error {
			return appendOnce(db, options, payload, stream, version)
		}, nil
	}
	return peer, db.Close, nil
}

func main() { load.Main(open) }
