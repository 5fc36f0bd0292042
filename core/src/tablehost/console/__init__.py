"""How things are said: progress, events, safe text; no decisions are made here."""
