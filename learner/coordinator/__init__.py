"""The coordinator: splits what somebody says into goals, follows them, and has missing skills made."""
