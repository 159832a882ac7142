"""System identification: the parameters of a body, found from what it was told and where it went."""
