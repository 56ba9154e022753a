"""What a small count of people is: it could tell who they are."""

SMALLEST = 5
"""The smallest count, or change of one, that is shown to those who may not see personal data; nought is shown."""
