"""What the files of a table record: which tables, their rows, inputs, parents and code."""
