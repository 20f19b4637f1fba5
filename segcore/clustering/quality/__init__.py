"""Quality of a clustering: each measure is one function."""
