"""What is due by when (应办事项): the list, reminders, the calendar."""
