"""The web pages: try a draft, with room beside it for the policy, reviews and the record."""
