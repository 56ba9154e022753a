"""The daily bulletin (日报), its four forms, and what was restated since."""
