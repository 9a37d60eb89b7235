"""Everything that happens to a room: one function for each verb, called by every door alike."""
