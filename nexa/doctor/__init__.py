"""`manage.py doctor`: looks at each part of the set-up and says how to mend what is wrong."""
