"""`replay`: make a table again from its manifest, and compare."""
