"""`replay`: a table made again from its manifest, and compared."""
