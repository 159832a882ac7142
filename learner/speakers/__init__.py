"""Language models that can be asked, wherever they run; nothing that they say is trusted."""
