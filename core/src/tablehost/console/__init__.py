"""Output for people and programs: progress, events, safe text; no decisions are made here."""
