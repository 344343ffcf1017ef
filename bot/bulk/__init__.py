"""Many drafts at once: an archive of published posts, or an import."""
