"""The workstation side: stores what robots did, learns from reward and people, serves the pages."""
