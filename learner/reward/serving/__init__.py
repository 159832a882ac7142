"""One service that says what words are worth: worker, cache, versions, hot swap."""
