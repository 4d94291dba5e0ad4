"""The API's doors of the hub: connections, syncing now, and the log of runs."""
