"""Making a table again from its manifest, and what may forbid or explain it."""
