"""What turns a manuscript and tracked results into one document, and refuses what does not hold."""
