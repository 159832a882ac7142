"""The tool maker: motion programs written from words, tried in simulation, versioned, repaired, refused."""
