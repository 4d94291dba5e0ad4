"""Keeps records in step with a vendor's, in batches: pages taken over, changes sent.

pulls.py and inbound.py bring their records, pages.py takes them over; pushing.py sends ours, and
making.py makes what is not there yet. The merge (hub/merge) decides, per record and field.
"""
