"""One run from request to commit, top-down; each step is done by the room that owns it."""
