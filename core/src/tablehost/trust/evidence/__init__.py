"""What the files of a table say: which tables, their inputs, parents, code and facts."""
