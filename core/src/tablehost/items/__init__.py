"""`run.map`: the ledger of finished items, the workers, the results; nothing of tables."""
