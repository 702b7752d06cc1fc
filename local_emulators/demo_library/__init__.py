"""Songs and moves made by this project, with their exact truth: no downloads, no people."""
