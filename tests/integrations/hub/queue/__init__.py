"""The queue and the limiter: searched by model checkers, then driven by many real processes."""
