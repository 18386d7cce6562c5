"""Development tools of the project: gates, lock files. Not part of the installed package."""
