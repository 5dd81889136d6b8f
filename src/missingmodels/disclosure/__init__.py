"""The one gate: what of an answer may leave the room, by a policy, with a record for whoever checks it."""
