"""`verify`: whether tables still belong to their manifests, and what drifted."""
