"""What made a table: its inputs, code and parents, as the manifest records them."""
