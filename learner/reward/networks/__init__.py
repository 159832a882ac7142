"""Networks that read remarks: their bases, tokens, training, files and export."""
