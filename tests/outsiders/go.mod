// Verifiers that are not ours: the log's proofs are read by the libraries of Go's checksum database and of transparency.dev.
module rapport.example/outsiders

go 1.19

require (
	github.com/transparency-dev/merkle v0.0.2
	golang.org/x/mod v0.8.0
)
