"""The offline stack: stand-ins for the cloud, and a library to try the product with."""
