"""What we wrote and trained: the corpus, the judge's weights, and the way from one to the other (needs torch)."""
