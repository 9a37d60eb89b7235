"""What happened, kept so that nobody can change it unnoticed.

Here lives the catalogue of events, the one way to record them, and the sealing of what was recorded: canonical entries,
Merkle trees, signed checkpoints, verification and export. What an event means to its app lives in that app.
Imports tenancy only; keys gives its signing keys at start, through the Protocols of `audit.signing`.
"""
