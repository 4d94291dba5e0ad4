"""`/metrics`: what a monitor asks for every few seconds, in the words that Prometheus reads."""
