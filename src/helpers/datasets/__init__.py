"""The data of the course, one module per kind; import it from `helpers.data`."""
