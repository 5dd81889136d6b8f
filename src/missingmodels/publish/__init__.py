"""What a paper takes from a run: figures, tables and words, all from what the gate has released; and its rebuilding."""
