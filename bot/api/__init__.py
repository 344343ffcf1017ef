"""The HTTP API: the same screening as everybody's, for programs that ask before they publish."""
