"""What comes in over HTTP, checked and taken down; what is known about it, answered."""
