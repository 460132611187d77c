"""Token files: vocabulary, cache, storage."""
