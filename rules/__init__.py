"""The core of Vaglio: a draft and a policy in, a verdict out; no chat, no web, no database."""
