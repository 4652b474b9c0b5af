// Package load appends to a peer from many clients and prints what that took, as peers/run reads it.
//
// "ready" is printed when all clients are connected; the line "go" starts the clock; one line of JSON says the result; the line
// "end" lets the clients leave. In between, run reads what processor time the peer's server took.
package load

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type Options struct {
	Clients, Events, Payload, Streams int
	Seconds                           float64
	Seed                              uint64
	At                                string // a folder or an address
	Blind                             bool   // without conditions
}

// Append appends Options.Events events to a stream of this client alone, which holds `version` events.
type Append func(stream string, version int64) error

// Peer opens one client.
type Peer func(number int) (Append, error)

const (
	draws    = 1 << 16
	payloads = 1 << 10
	letters  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
)

// Random is SplitMix64: the same in each language of these programs.
type Random uint64

func (r *Random) Next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func RandomOf(seed uint64, client int) *Random {
	r := Random(seed*1_000_003 + uint64(client))
	return &r
}

// zipf draws streams: the n-th is met 1/n times as often as the first.
func zipf(random *Random, streams int) []uint32 {
	sums := make([]float64, streams)
	sum := 0.0
	for i := range sums {
		sum += 1 / float64(i+1)
		sums[i] = sum
	}
	drawn := make([]uint32, draws)
	for i := range drawn {
		u := float64(random.Next()>>11) / (1 << 53) * sum
		drawn[i] = uint32(min(sort.SearchFloat64s(sums, u), streams-1))
	}
	return drawn
}

// Payloads are random letters: text, so that each peer can hold it in the form it prefers, and no two alike, so that none can
// compress it much.
func Payloads(options Options) [][]byte {
	random := RandomOf(options.Seed, -1)
	all := make([][]byte, payloads)
	for n := range all {
		all[n] = make([]byte, options.Payload)
		for i := range all[n] {
			all[n][i] = letters[random.Next()%uint64(len(letters))]
		}
	}
	return all
}

// Each goes round: one client's next payload, again and again.
func Each(payloads [][]byte, client int) func() []byte {
	next := client * 17 // not the same at the same time
	return func() []byte {
		next++
		return payloads[next%len(payloads)]
	}
}

type client struct {
	append   Append
	drawn    []uint32
	names    []string
	versions []int64
	micros   []float64
}

func (c *client) run(events int, over *atomic.Bool) {
	for n := 0; !over.Load(); n++ {
		s := c.drawn[n%draws]
		before := time.Now()
		if err := c.append(c.names[s], c.versions[s]); err != nil {
			log.Fatal(err)
		}
		c.micros = append(c.micros, float64(time.Since(before).Nanoseconds())/1000)
		c.versions[s] += int64(events)
	}
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

func clientsOf(options Options, peer Peer) []*client {
	clients := make([]*client, options.Clients)
	streams := max(1, options.Streams/options.Clients)
	for c := range clients {
		appends, err := peer(c)
		if err != nil {
			log.Fatal(err)
		}
		clients[c] = &client{append: appends, drawn: zipf(RandomOf(options.Seed, c), streams), versions: make([]int64, streams)}
		for s := range streams {
			clients[c].names = append(clients[c].names, fmt.Sprintf("opportunity-%d.%d", c, s))
		}
	}
	return clients
}

// Main runs the load that the command line asks for.
func Main(open func(Options) (Peer, func() error, error)) {
	var options Options
	flag.IntVar(&options.Clients, "clients", 1, "clients at once")
	flag.IntVar(&options.Events, "events", 1, "events an append")
	flag.IntVar(&options.Payload, "payload", 256, "bytes an event")
	flag.IntVar(&options.Streams, "streams", 100_000, "streams of all clients together")
	flag.Float64Var(&options.Seconds, "seconds", 4, "how long")
	flag.Uint64Var(&options.Seed, "seed", 1, "of the streams drawn")
	flag.StringVar(&options.At, "at", "", "folder or address of the peer")
	flag.BoolVar(&options.Blind, "blind", false, "without conditions")
	flag.Parse()
	peer, closes, err := open(options)
	if err != nil {
		log.Fatal(err)
	}
	clients := clientsOf(options, peer)
	lines := bufio.NewScanner(os.Stdin)
	fmt.Println("ready")
	lines.Scan()
	report(options, clients)
	lines.Scan()
	if err := closes(); err != nil {
		log.Fatal(err)
	}
}

func report(options Options, clients []*client) {
	var over atomic.Bool
	var running sync.WaitGroup
	began, cpu := time.Now(), cpuSeconds()
	for _, c := range clients {
		running.Go(func() { c.run(options.Events, &over) })
	}
	time.Sleep(time.Duration(options.Seconds * float64(time.Second)))
	over.Store(true)
	running.Wait()
	seconds, cpu := time.Since(began).Seconds(), cpuSeconds()-cpu
	var micros []float64
	for _, c := range clients {
		micros = append(micros, c.micros...)
	}
	sort.Float64s(micros)
	events := len(micros) * options.Events
	line, err := json.Marshal(map[string]any{
		"events": events, "events_per_second": float64(events) / seconds, "cpu_us_per_event": cpu * 1e6 / float64(events),
		"p50_us": micros[len(micros)/2], "p99_us": micros[len(micros)*99/100],
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}
