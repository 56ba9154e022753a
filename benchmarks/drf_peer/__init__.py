"""What one would write with Django REST Framework and django-simple-history; see ../README.md."""
