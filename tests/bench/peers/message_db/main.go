// Message DB under load: write_message with the expected version; several events of an append are one transaction, sent at once.
package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"rapport/peers/load"
)

const write = "SELECT write_message($1, $2, $3, $4::jsonb, NULL, $5)"

func newID(random *load.Random) string {
	a, b := random.Next(), random.Next()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

func appends(connection *pgx.Conn, random *load.Random, options load.Options, data func() []byte) load.Append {
	ctx := context.Background()
	return func(stream string, version int64) error {
		batch := &pgx.Batch{} // one transaction, as it holds no command of its own about that
		for i := range int64(options.Events) {
			var expected any
			if !options.Blind {
				expected = version + i - 1
			}
			batch.Queue(write, newID(random), stream, "opened", data(), expected)
		}
		return connection.SendBatch(ctx, batch).Close()
	}
}

func open(options load.Options) (load.Peer, func() error, error) {
	ctx := context.Background()
	payloads := load.Payloads(options)
	for n, payload := range payloads {
		payloads[n] = fmt.Appendf(nil, `{"name": "%s"}`, payload)
	}
	var connections []*pgx.Conn
	peer := func(number int) (load.Append, error) {
		connection, err := pgx.Connect(ctx, options.At)
		if err != nil {
			return nil, err
		}
		connections = append(connections, connection)
		// Ids must differ from those of every other client.
		return appends(connection, load.RandomOf(options.Seed+1<<32, number), options, load.Each(payloads, number)), nil
	}
	closes := func() error {
		for _, connection := range connections {
			if err := connection.Close(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	return peer, closes, nil
}

func main() { load.Main(open) }
