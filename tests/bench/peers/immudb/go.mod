module rapport/peers/immudb

go 1.25.0

require (
	github.com/codenotary/immudb v1.11.1
	rapport/peers/load v0.0.0
)

replace rapport/peers/load => ../load
