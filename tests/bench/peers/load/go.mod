module rapport/peers/load

go 1.25.0
