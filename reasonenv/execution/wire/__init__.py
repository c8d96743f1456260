"""What both sides of the jail's door speak: values, messages, how processes end, and which statements are tests.

The jail loads these modules in a fresh interpreter without the package around them, so they import the standard library
and one another alone.
"""
