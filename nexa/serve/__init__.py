"""The processes of one machine: how each is started, and how we know that it works."""
