"""What a table is, a month later: a folder a question; reads only, tables are built by `host`."""
