"""The admin API: what people ask and order over HTTP, by the same functions as the command line."""
