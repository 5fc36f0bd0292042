"""Find installed builders by their metadata and load exactly one; no builder is named here."""
